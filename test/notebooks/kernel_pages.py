"""Plays two pages that share one kernel, and prints what the kernel publishes, in order; the test beside it judges.

stdin: {"folder": where the kernel runs, "cells": [code sent at once by the first page], "complete": code that this page
asks about at the first output, "again": index of the cell that a second page sends then}
stdout: a list of {"page", "request", "type", "content"} from the first request to the last idle; `request` is the index of
the cell, "complete" or "again".
"""

import json
import sys

from jupyter_client.manager import KernelManager

TIMEOUT = 60


def main():
    task = json.load(sys.stdin)
    manager = KernelManager(kernel_name="tslab")
    # Node makes its output non-blocking, which a long answer must not share.
    manager.start_kernel(cwd=task["folder"], stdout=sys.stderr)
    client = manager.client()
    messages = []
    try:
        client.start_channels()
        client.wait_for_ready(timeout=TIMEOUT)
        names = {client.execute(code): index for index, code in enumerate(task["cells"])}
        waiting = set(names.values())
        asked = False
        while waiting:
            message = client.get_iopub_msg(timeout=TIMEOUT)
            name = names.get(message["parent_header"].get("msg_id"))
            if name is None:
                continue
            kind, content = message["msg_type"], message["content"]
            messages.append({"request": name, "type": kind, "content": content})
            if kind in ("stream", "display_data") and not asked:
                asked = True
                names[client.complete(task["complete"])] = "complete"
                # Another session is what tells a page that was opened again.
                client.session.session = "second"
                names[client.execute(task["cells"][task["again"]])] = "again"
                waiting |= {"complete", "again"}
            if kind == "status" and content["execution_state"] == "idle":
                waiting.discard(name)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    print()
    print(json.dumps(messages))


main()
