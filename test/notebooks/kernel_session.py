"""Plays a list of requests to our kernel and prints what comes back; the test beside it judges.

stdin: {"folder": where the kernel runs, "requests": [{"execute": code, "interrupt_after": seconds?, "once": when?} |
{"complete": code} | {"history": how many} | {"inspect": code}]}; the cursor stands at the end of the code, and the seconds count from the moment
when the kernel is "busy" with the request, unless "once" says that it is when the cell has shown its first "output".
The cursor of an "inspect" may stand elsewhere: at the first "|", which is no part of the code.
stdout: a list with {"reply", "outputs", "stopped_after": seconds from the interrupt to the end} for each request.
"""

import json
import sys
import threading
import time

from jupyter_client.manager import KernelManager

# Longer than mocha has patience, which then says which test it was.
TIMEOUT = 600


def published(client, message_id):
    """What the kernel publishes for one request, as it comes, up to its idle message."""
    while True:
        message = client.get_iopub_msg(timeout=TIMEOUT)
        if message["parent_header"].get("msg_id") != message_id:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            return
        yield "busy" if kind == "status" else kind, content


def outputs_of(client, message_id, moment=None, act=None):
    """The outputs of one request; acts at a moment of it, "busy" or its first "output"."""
    outputs = []
    for kind, content in published(client, message_id):
        if kind not in ("busy", "execute_input"):
            outputs.append({"type": kind, **content})
            kind = "output"
        if act is not None and kind == moment:
            act()
            act = None
    return outputs


def reply_to(client, message_id):
    """The reply to one request; those to earlier ones are passed over."""
    while True:
        message = client.get_shell_msg(timeout=TIMEOUT)
        if message["parent_header"].get("msg_id") == message_id:
            return message["content"]


def interrupt(manager, at):
    at.append(time.monotonic())
    manager.interrupt_kernel()


def main():
    task = json.load(sys.stdin)
    manager = KernelManager(kernel_name="tslab")
    # Node makes its output non-blocking, which a long answer must not share.
    manager.start_kernel(cwd=task["folder"], stdout=sys.stderr)
    client = manager.client()
    client.start_channels()
    answers = []
    try:
        client.wait_for_ready(timeout=TIMEOUT)
        for request in task["requests"]:
            if "execute" in request:
                message_id = client.execute(request["execute"], stop_on_error=False)
            elif "complete" in request:
                message_id = client.complete(request["complete"])
            elif "history" in request:
                message_id = client.history(hist_access_type="tail", n=request["history"])
            else:
                before, _, after = request["inspect"].partition("|")
                message_id = client.inspect(before + after, cursor_pos=len(before))
            stop, stopped = None, []
            if "interrupt_after" in request:
                stop = threading.Timer(request["interrupt_after"], interrupt, [manager, stopped]).start
            outputs = outputs_of(client, message_id, request.get("once", "busy"), stop)
            seconds = time.monotonic() - stopped[0] if stopped else None
            answers.append({"reply": reply_to(client, message_id), "outputs": outputs, "stopped_after": seconds})
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    # The kernel writes to the same output: the answers are its last line.
    print()
    print(json.dumps(answers))


main()
