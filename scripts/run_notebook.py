#!/usr/bin/env python3
"""Executes TypeScript notebooks headlessly with the project's kernel; fails if a cell or a figure does.

For each notebook, it writes the executed copy, a PNG of every figure and, with --html, a page that opens without a network to
the output folder. Parameters replace properties of the object in the cell tagged `parameters`; the compiler checks them like
any other cell.
"""

import argparse
import hashlib
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KERNELS = ROOT / "scripts" / "jupyter"
os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(KERNELS), os.environ.get("JUPYTER_PATH")]))

import nbformat  # noqa: E402  (Jupyter reads JUPYTER_PATH when it is imported)
from nbclient import NotebookClient  # noqa: E402
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError  # noqa: E402

PLOTLY = "application/vnd.plotly.v1+json"
INJECTED = "injected-parameters"
# Each of these calls in a cell makes a figure; `show` also shows tables.
DRAWS = re.compile(r"\bshow\(\s*(?:figures\.|plot\.|\w*[fF]igure|\{)|\b(?:liveChart|trainLive)\(")
# With other parameters, there may be nothing to draw here.
CONDITIONAL = re.compile(r"^\s*if \(.*$", re.MULTILINE)


class Failure(Exception):
    """An error in a notebook, with a message for the user."""


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="npm run notebooks --",
        usage="%(prog)s [names] [-p key=value ...] [--output dir] [--html] [--stored] [--write] [--timeout seconds]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("-p", "--parameter", action="append", default=[], metavar="key=value")
    parser.add_argument("--output", type=Path, default=ROOT / "out", help="folder for the results (default: out)")
    parser.add_argument("--html", action="store_true", help="also write a page that opens without a network")
    parser.add_argument("--stored", action="store_true", help="execute nothing, and use the outputs stored in the file")
    parser.add_argument("--write", action="store_true", help="also replace the notebooks with the executed ones")
    parser.add_argument("--timeout", type=int, default=1800, help="time limit of a cell in seconds (default: 1800)")
    arguments = parser.parse_args()
    if arguments.write and arguments.parameter:
        parser.error("--write stores outputs for the notebook's own parameters; leave out -p")
    if arguments.stored and (arguments.write or arguments.parameter):
        parser.error("--stored executes nothing; leave out -p and --write")
    return arguments


def parse_value(text):
    """`200`, `1e-2`, `.3`, `true`, `[1, 2]` are values; everything else is a string."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def parse_parameters(words):
    parameters = {}
    for word in words:
        key, separator, text = word.partition("=")
        if not separator or not re.fullmatch(r"[A-Za-z_$][\w$]*", key):
            raise Failure(f"'{word}' is not a parameter: write key=value, such as steps=200")
        parameters[key] = parse_value(text)
    return parameters


def tags(cell):
    return cell.metadata.get("tags", [])


def inject(notebook, parameters):
    """Inserts a cell with assignments after the cell of the defaults."""
    notebook.cells = [cell for cell in notebook.cells if INJECTED not in tags(cell)]
    if not parameters:
        return
    at = next((i for i, cell in enumerate(notebook.cells) if "parameters" in tags(cell)), None)
    if at is None:
        raise Failure("no cell is tagged `parameters`: there is nothing that -p could change")
    declaration = re.search(r"^(?:const|let) +(\w+)", notebook.cells[at].source, re.MULTILINE)
    if not declaration:
        raise Failure("the cell tagged `parameters` declares no object, such as `const parameters = { ... }`")
    name = declaration.group(1)
    lines = [f"{name}.{key} = {json.dumps(value)};" for key, value in parameters.items()]
    cell = nbformat.v4.new_code_cell("\n".join(lines), metadata={"tags": [INJECTED]})
    cell.id = INJECTED
    notebook.cells.insert(at + 1, cell)


def sources_hash(notebook):
    """A hash that shows whether outputs belong to the sources; test/notebooks/outputs.test.ts compares it."""
    code = [cell.source + "\0" for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("".join(code).encode()).hexdigest()


def first_line(source):
    """The line of a cell that describes it best: the first that is not a comment or an import."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("//", "/*", "*", "import "))]
    return (telling or lines or [""])[0][:70]


def error_of(cell):
    return next((output for output in cell.get("outputs", []) if output.output_type == "error"), None)


def number_of(notebook, index):
    """
    The number of a code cell, which the executed notebook shows beside it in brackets. The cell that -p adds is not counted,
    since it belongs to the cell of the defaults.
    """
    return sum(cell.cell_type == "code" and INJECTED not in tags(cell) for cell in notebook.cells[: index + 1])


def with_own_numbers(notebook, text):
    """Corrects the cell numbers in a message to those of the notebook, since the kernel has counted the cell of -p, too."""
    code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    number = lambda found: f"cell [{number_of(notebook, code[int(found.group(1)) - 1])}]"  # noqa: E731
    return re.sub(r"\bcell \[(\d+)\]", number, text)


def describe_error(number, cell):
    """Cell, line and message of a failed cell."""
    output = error_of(cell)
    if output is None:
        return f"cell [{number}]: failed without a message"
    trace = "\n".join(output.traceback)
    place = re.search(r"line (\d+):\d+\n\s+(.*)", trace)
    if INJECTED in tags(cell):
        # The lines of this cell are not in the user's file.
        where = f"cell [{number}], with -p: {place.group(2).strip()}" if place else f"cell [{number}], with -p"
    else:
        where = f"cell [{number}], line {place.group(1)}: {place.group(2).strip()}" if place else f"cell [{number}]"
    return f"{where}\n{trace}"


def execute(notebook, path, timeout, runs):
    """Executes cell by cell, with a line of progress for each. Raises a Failure at the first cell that fails."""
    shutil.rmtree(runs, ignore_errors=True)
    # The records of training are kept here, so that every execution starts afresh.
    os.environ["NOTEBOOK_RUNS"] = str(runs)
    client = NotebookClient(
        notebook,
        kernel_name="tslab",
        timeout=timeout,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )
    # Errors that arrive after the last cell are reported with this one.
    flush = nbformat.v4.new_code_cell("await new Promise((resolve) => setTimeout(resolve, 50));")
    notebook.cells.append(flush)
    count = number_of(notebook, len(notebook.cells)) - 1
    # The output of the C++ libraries belongs to no cell; it is shown if the kernel dies.
    log = tempfile.TemporaryFile("w+")
    try:
        with client.setup_kernel(stderr=log):
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type != "code":
                    continue
                shown = cell is not flush
                number = number_of(notebook, index)
                started = time.monotonic()
                place = f"  [{number:2}/{count}]"
                if shown:
                    print(f"{place} {first_line(cell.source):70}", end="" if sys.stdout.isatty() else "\n", flush=True)
                try:
                    client.execute_cell(cell, index, execution_count=number)
                except CellExecutionError:
                    cell = notebook.cells[index]
                    output = error_of(cell)
                    if output is not None:
                        output.traceback = [with_own_numbers(notebook, line) for line in output.traceback]
                    raise Failure(
                        describe_error(number, cell) if shown else f"after the last cell: {error_of(cell).evalue}"
                    ) from None
                except CellTimeoutError:
                    raise Failure(
                        f"cell [{number}] took longer than {timeout} s: {first_line(cell.source)}\n"
                        "raise the limit with --timeout"
                    ) from None
                except DeadKernelError:
                    log.seek(0)
                    raise Failure(
                        f"cell [{number}]: the kernel died: {first_line(cell.source)}\n{log.read()[-2000:]}"
                    ) from None
                finally:
                    seconds = time.monotonic() - started
                    # In a log, other notebooks may have written since the line of the cell.
                    if shown and (sys.stdout.isatty() or seconds >= 1):
                        print(f"{'' if sys.stdout.isatty() else place} {seconds:7.1f} s", flush=True)
    except RuntimeError as error:
        # The kernel ended before it answered, for example because of another version of tslab.
        log.seek(0)
        raise Failure(f"the kernel did not start: {log.read().strip() or error}") from None
    finally:
        log.close()
        if notebook.cells[-1].source == flush.source:
            notebook.cells.pop()


def pictures_of(cell):
    """The figures in the outputs of a cell."""
    bundles = [o.data for o in cell.get("outputs", []) if o.output_type in ("display_data", "execute_result")]
    return [data for data in bundles if PLOTLY in data]


def figures_of(notebook, counts):
    """
    All figures with the numbers of their cells. A cell that draws unconditionally must have as many figures as `counts` says,
    and no figure may be empty.
    """
    figures = []
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        number = number_of(notebook, index)
        pictures = pictures_of(cell)
        drawn = DRAWS.findall(CONDITIONAL.sub("", cell.source))
        wanted = max(len(drawn), counts.get(index, 0))
        if len(pictures) < wanted:
            found = f"{len(pictures)} of {wanted}: " if pictures else ""
            raise Failure(f"cell [{number}]: a figure is missing: {found}{first_line(cell.source)}")
        for data in pictures:
            traces = data[PLOTLY].get("data", [])
            points = [trace.get("y", trace.get("z", trace.get("x"))) for trace in traces]
            svg = "".join(data.get("image/svg+xml", ""))
            if not any(points) or "<path" not in svg:
                raise Failure(f"cell [{number}]: a figure is empty: {first_line(cell.source)}")
            if not any(map(has_value, points)):
                raise Failure(f"cell [{number}]: all values of a figure are NaN: {first_line(cell.source)}")
            figures.append({"cell": index, "figure": data[PLOTLY]})
    return figures


def has_value(points):
    """True if there is anything to draw; JSON has null for NaN."""
    return any(map(has_value, points)) if isinstance(points, list) else points is not None


def remove_results(name, output):
    """Removes the results of an earlier run, which would seem to belong to a new run that failed."""
    for old in [*output.glob(f"{name}-*.png"), output / f"{name}.html"]:
        old.unlink(missing_ok=True)


def write_pictures(figures, name, output):
    """A PNG of each figure, made by the package itself."""
    tasks = [
        {"figure": item["figure"], "path": str(output / f"{name}-{number}.png")}
        for number, item in enumerate(figures, 1)
    ]
    if tasks:
        script = ROOT / "scripts" / "figure-png.cjs"
        subprocess.run(["node", str(script)], input=json.dumps(tasks), text=True, check=True, cwd=ROOT)
    return [task["path"] for task in tasks]


STYLE = """
:root { color-scheme: light dark; }
body { max-width: 860px; margin: 2em auto; padding: 0 1em; font: 16px/1.55 system-ui, sans-serif; }
pre, code { font: 13px/1.45 ui-monospace, Menlo, Consolas, monospace; }
pre { overflow-x: auto; margin: 0; padding: .6em .8em; }
.cell-source { border-left: 3px solid #0072B2; background: #8881; margin: 1em 0 .4em; }
.cell-output { margin: .4em 0 1em; }
a.anchor-link { display: none; }
table { border-collapse: collapse; margin: .5em 0; }
th, td { padding: .2em .8em; border-bottom: 1px solid #8884; }
caption { text-align: left; padding: .2em 0; }
svg, .figure { max-width: 100%; }
blockquote { border-left: 3px solid #8886; margin-left: 0; padding-left: 1em; }
.cell-output { overflow-x: auto; }
@media print { pre { white-space: pre-wrap; overflow-wrap: anywhere; } }
"""

# Figures are drawn for light paper; dark pages use the same rules as JupyterLab.
DARK_IN_LAB = '[data-jp-theme-light="false"] .js-plotly-plot'


def dark_figures():
    style = (ROOT / "scripts" / "jupyter" / "custom" / "custom.css").read_text(encoding="utf8")
    rules = [line.replace(DARK_IN_LAB, ".figure") for line in style.splitlines() if DARK_IN_LAB in line]
    return "\n".join(["@media (prefers-color-scheme: dark) {", *rules, "}"])


# The page contains static pictures, each of which is replaced once plotly.js has drawn its figure.
HYDRATE = """
for (const box of document.querySelectorAll('.figure')) {
  const { data, layout } = JSON.parse(box.querySelector('script').textContent);
  const drawing = document.createElement('div');
  Plotly.newPlot(drawing, data, layout, { responsive: true, displaylogo: false }).then(() => box.replaceChildren(drawing));
}
"""


def to_html(notebook, name):
    """One page that needs no network: its own style, embedded pictures, and plotly.js once if there are figures."""
    from html import escape

    from nbconvert.filters.highlight import Highlight2HTML
    from nbconvert.filters.markdown_mistune import markdown2html_mistune
    from pygments.formatters import HtmlFormatter

    highlight = Highlight2HTML(pygments_lexer="typescript")
    parts, has_figures, title = [], False, name
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = re.match(r"# (.+)", cell.source)
            title = heading.group(1) if heading and title == name else title
            parts.append(markdown2html_mistune(cell.source))
        if cell.cell_type != "code":
            continue
        parts.append(f'<div class="cell-source">{highlight(cell.source, "typescript")}</div>')
        for output in cell.outputs:
            data = output.get("data", {})
            if PLOTLY in data:
                has_figures = True
                # `</` inside a script would end it.
                figure = json.dumps(data[PLOTLY]).replace("</", "<\\/")
                svg = "".join(data.get("image/svg+xml", ""))
                body = f'<div class="figure">{svg}<script type="application/json">{figure}</script></div>'
            elif "text/html" in data:
                body = "".join(data["text/html"])
            elif "image/svg+xml" in data:
                body = "".join(data["image/svg+xml"])
            elif "image/png" in data:
                body = f'<img src="data:image/png;base64,{data["image/png"]}" alt="">'
            elif output.output_type == "error":
                body = f"<pre>{escape(chr(10).join(output.traceback))}</pre>"
            else:
                text = output.get("text", data.get("text/plain", ""))
                body = f'<pre>{escape("".join(text))}</pre>'
            parts.append(f'<div class="cell-output">{body}</div>')
    script = ""
    if has_figures:
        source = ROOT / "node_modules" / "plotly.js-dist-min" / "plotly.min.js"
        script = f"<script>{source.read_text(encoding='utf8')}</script>\n<script>{HYDRATE}</script>"
    colours = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    colours += f"\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n.highlight {{ background: none !important; }}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # With this policy, a page cannot fetch anything.
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:\">\n"
        f"<title>{escape(title)}</title>\n<style>{STYLE}{dark_figures()}{colours}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + f"\n{script}\n</body>\n</html>\n"
    )


def run(path, parameters, arguments):
    """Executes one notebook and writes its results; returns a summary in one line."""
    name = path.stem
    if not path.exists():
        raise Failure("there is no such file")
    try:
        notebook = nbformat.read(path, as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        raise Failure(f"this is not a notebook: {str(error).splitlines()[0]}") from None
    output = arguments.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    remove_results(name, output)
    if arguments.stored:
        nbformat.write(notebook, output / f"{name}.ipynb")
        (output / f"{name}.html").write_text(to_html(notebook, name), encoding="utf8")
        return "used the stored outputs"
    # With its own parameters, the notebook should give the outputs in the file; --write replaces them.
    free = parameters or arguments.write
    counts = {} if free else {index: len(pictures_of(cell)) for index, cell in enumerate(notebook.cells)}
    inject(notebook, parameters)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    started = time.monotonic()
    try:
        execute(notebook, path, arguments.timeout, output / f"{name}-runs")
    finally:
        nbformat.write(notebook, output / f"{name}.ipynb")
        if arguments.html:
            (output / f"{name}.html").write_text(to_html(notebook, name), encoding="utf8")
    figures = figures_of(notebook, counts)
    write_pictures(figures, name, output)
    if arguments.write:
        notebook.metadata["sources_sha256"] = sources_hash(notebook)
        nbformat.write(notebook, path)
    code = sum(cell.cell_type == "code" for cell in notebook.cells)
    return f"{code} cells, {len(figures)} figures, {time.monotonic() - started:.0f} s"


def stop(*_):
    """Ends the kernel and the run in good order, at the first signal of several."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    logging.disable()  # asyncio would report that the cell is not awaited any more
    raise KeyboardInterrupt


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    summary, failed = [], False
    for path in arguments.notebooks:
        print(f"{path}", flush=True)
        try:
            summary.append(f"ok      {path}: {run(path, parse_parameters(arguments.parameter), arguments)}")
        except Failure as failure:
            failed = True
            print(f"\n{path}: {failure}\n", file=sys.stderr, flush=True)
            summary.append(f"FAILED  {path}: {str(failure).splitlines()[0]}")
        except KeyboardInterrupt:
            print(f"\nstopped; what {path} had computed is in {arguments.output}")
            return 130
    print("\n".join(["", *summary, f"results in {arguments.output}"]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
