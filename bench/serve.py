"""The Python counterpart of side.ts: answers requests of a benchmark, a JSON line each, until standard input closes."""

import json
import sys
import time
import traceback

import torch
from threadpoolctl import threadpool_info


def instructions(_):
    """The instruction sets that PyTorch's kernels and each loaded BLAS chose on this processor, within the limits set."""
    blas = [f"{pool['internal_api']} {pool['architecture']}" for pool in threadpool_info() if "architecture" in pool]
    if faiss := sys.modules.get("faiss"):
        blas.append(f"FAISS {faiss.SIMDConfig.get_level_name()}")
    return {"instructions": ", ".join([f"PyTorch {torch.backends.cpu.get_cpu_capability()}", *sorted(set(blas))])}


def serve(handlers):
    handlers = {"instructions": instructions, **handlers}
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is not an answer
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = handlers[request["what"]](request)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {str(error)[:300]}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def milliseconds(work):
    """The time of `work` and its result."""
    start = time.perf_counter()
    value = work()
    return 1e3 * (time.perf_counter() - start), value
