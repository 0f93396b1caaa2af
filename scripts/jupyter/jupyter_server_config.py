"""JupyterLab's menu exports notebooks as `jupyter nbconvert` does, and a new notebook has the project's kernel."""

load_subconfig("jupyter_nbconvert_config.py")  # noqa: F821  (Jupyter defines it for this file)
c.MultiKernelManager.default_kernel_name = "tslab"  # noqa: F821
