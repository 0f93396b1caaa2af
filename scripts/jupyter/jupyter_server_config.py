"""JupyterLab's menu exports notebooks as `jupyter nbconvert` does, and a new notebook has the project's kernel."""

import warnings


def keep_figures_drawn(model, **_):
    """
    Leaves out the picture that JupyterLab's extension for plotly.js adds to each figure. A notebook that is opened again would show
    it in the figure's place, white on dark pages, and as wide as the cell was.
    """
    if model["type"] != "notebook":
        return
    for cell in model["content"]["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "application/vnd.plotly.v1+json" in data:
                data.pop("image/png", None)


load_subconfig("jupyter_nbconvert_config.py")  # noqa: F821  (Jupyter defines it for this file)
c.MultiKernelManager.default_kernel_name = "tslab"  # noqa: F821
# Jupyter reads this file twice, and would warn in the terminal that the second hook replaces the first.
warnings.filterwarnings("ignore", message="Overriding existing pre_save_hook")
c.ContentsManager.pre_save_hook = keep_figures_drawn  # noqa: F821
