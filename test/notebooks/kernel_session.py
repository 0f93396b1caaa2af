"""Plays a list of requests to our kernel and prints what comes back; the test beside it judges.

stdin: {"folder": where the kernel runs, "requests": [{"execute": code, "interrupt_after": seconds?} |
{"complete": code} | {"inspect": code}]}; the cursor stands at the end of the code, and the seconds count from the moment
when the kernel is busy with it.
stdout: a list with {"reply", "outputs"} for each request.
"""

import json
import sys
import threading

from jupyter_client.manager import KernelManager

# Longer than mocha has patience, which then says which test it was.
TIMEOUT = 600


def wait_until_busy(client, message_id):
    """Returns when the kernel has taken up one request."""
    while True:
        message = client.get_iopub_msg(timeout=TIMEOUT)
        if message["parent_header"].get("msg_id") == message_id and message["msg_type"] == "status":
            return


def outputs_of(client, message_id):
    """Everything the kernel publishes for one request, up to its idle message."""
    outputs = []
    while True:
        message = client.get_iopub_msg(timeout=TIMEOUT)
        if message["parent_header"].get("msg_id") != message_id:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            return outputs
        if kind != "status":
            outputs.append({"type": kind, **content})


def reply_to(client, message_id):
    """The reply to one request; those to earlier ones are passed over."""
    while True:
        message = client.get_shell_msg(timeout=TIMEOUT)
        if message["parent_header"].get("msg_id") == message_id:
            return message["content"]


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
                if "interrupt_after" in request:
                    wait_until_busy(client, message_id)
                    threading.Timer(request["interrupt_after"], manager.interrupt_kernel).start()
            elif "complete" in request:
                message_id = client.complete(request["complete"])
            else:
                message_id = client.inspect(request["inspect"])
            reply = reply_to(client, message_id)
            answers.append({"reply": reply, "outputs": outputs_of(client, message_id)})
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    # The kernel writes to the same output: the answers are its last line.
    print()
    print(json.dumps(answers))


main()
