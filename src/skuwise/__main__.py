"""``python -m skuwise`` is the command ``skuwise``."""

from skuwise.cli import app

if __name__ == "__main__":
    app()
