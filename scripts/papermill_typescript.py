#!/usr/bin/env python3
"""papermill for the TypeScript kernel, with the arguments of `papermill`, such as `in.ipynb out.ipynb -p steps 200`.

papermill is not part of the set-up; install it with `.venv/bin/pip install papermill`. Parameters replace properties of the
object `parameters` that is declared in the cell tagged `parameters`; the compiler checks their names and types.
"""

import json
import os
import re
import sys
from pathlib import Path

KERNELS = Path(__file__).resolve().parent / "jupyter"
os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(KERNELS), os.environ.get("JUPYTER_PATH")]))

try:  # Jupyter reads JUPYTER_PATH when it is imported.
    from papermill.cli import papermill
    from papermill.models import Parameter
    from papermill.translators import Translator, papermill_translators
except ModuleNotFoundError as missing:
    sys.exit(f"{missing}: .venv/bin/pip install papermill")

PROPERTY = re.compile(r"^ +(\w+): (.+?),? *(?://(.*))?$", re.MULTILINE)


class TypeScript(Translator):
    """Python values as TypeScript source."""

    @classmethod
    def codify(cls, parameters, comment="Parameters"):
        lines = [f"parameters.{key} = {json.dumps(value)};" for key, value in parameters.items()]
        return "\n".join([f"// {comment}", *lines, ""])

    @classmethod
    def inspect(cls, parameters_cell):
        """The properties that the cell names, for `--help-notebook`."""
        found = PROPERTY.findall(parameters_cell.source)
        return [Parameter(name, "None", value, comment.strip()) for name, value, comment in found]


papermill_translators.register("typescript", TypeScript)

if __name__ == "__main__":
    # The kernel resolves `import ... from '..'` relative to the notebook's folder.
    notebook = next((word for word in sys.argv[1:] if word.endswith(".ipynb")), None)
    folder = [] if notebook is None or "--cwd" in sys.argv else ["--cwd", str(Path(notebook).resolve().parent)]
    sys.exit(papermill([*sys.argv[1:], *folder]))
