"""Starts our kernel with a cell, prints its process number as soon as the cell prints, and is killed; the test beside it
judges.

argument: the code of the cell, which prints something.
"""

import os
import signal
import sys

from jupyter_client.manager import KernelManager

TIMEOUT = 240


def main():
    manager = KernelManager(kernel_name="tslab")
    # Nobody reads the kernel's own output once this process is gone.
    manager.start_kernel(stdout=sys.stderr)
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=TIMEOUT)
    client.execute(sys.argv[1])
    while client.get_iopub_msg(timeout=TIMEOUT)["msg_type"] != "stream":
        pass
    print(manager.provisioner.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


main()
