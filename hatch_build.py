"""Before a wheel is made: put the foreign files of the pages in place (see ``assets/README.md``)."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CollectAssets(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        runpy.run_path(str(Path(self.root) / "assets" / "collect.py"))["main"]()
