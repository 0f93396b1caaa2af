"""JupyterLab's menu exports notebooks as `jupyter nbconvert` does."""

load_subconfig("jupyter_nbconvert_config.py")  # noqa: F821  (Jupyter defines it for this file)
