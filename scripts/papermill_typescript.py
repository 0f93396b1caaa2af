#!/usr/bin/env python3
"""papermill for the TypeScript kernel: takes the words of `papermill`, such as `in.ipynb out.ipynb -p steps 200`.

papermill is not part of the set-up: `.venv/bin/pip install papermill` brings it. Parameters replace properties of the
object `parameters` that the cell tagged `parameters` declares; the compiler checks their names and types.
"""

import json
import os
import sys
from pathlib import Path

KERNELS = Path(__file__).resolve().parent / "jupyter"
os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(KERNELS), os.environ.get("JUPYTER_PATH")]))

from papermill.cli import papermill  # noqa: E402  (Jupyter reads JUPYTER_PATH when it is imported)
from papermill.translators import Translator, papermill_translators  # noqa: E402


class TypeScript(Translator):
    """Python values as TypeScript source."""

    @classmethod
    def codify(cls, parameters, comment="Parameters"):
        lines = [f"parameters.{key} = {json.dumps(value)};" for key, value in parameters.items()]
        return "\n".join([f"// {comment}", *lines, ""])


papermill_translators.register("typescript", TypeScript)

if __name__ == "__main__":
    # The kernel resolves `import ... from '..'` from the notebook's folder.
    notebook = next((word for word in sys.argv[1:] if word.endswith(".ipynb")), None)
    folder = [] if notebook is None or "--cwd" in sys.argv else ["--cwd", str(Path(notebook).resolve().parent)]
    sys.exit(papermill([*sys.argv[1:], *folder]))
