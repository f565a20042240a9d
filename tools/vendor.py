"""Copies into client_demo/vendor what pages use of packages from npm: `make vendor`.

The server serves files as they are, and `make run` needs no Node: so the copies are in the repository. They are made
from the versions that package-lock.json names, and a test checks that they still are.
"""

import json
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "client_demo/vendor"


def vendor_uplot(target: Path, modules: Path = ROOT / "node_modules") -> None:
    """Write uPlot: the module without its comments and spaces, its sheet, its licence, and which version it is."""
    source = modules / "uplot"
    version = json.loads((source / "package.json").read_text("utf-8"))["version"]
    banner = f"/*! uPlot {version}, MIT licence: LICENSE. Made by tools/vendor.py. */"
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            str(modules / ".bin/esbuild"),
            str(source / "dist/uPlot.esm.js"),
            *("--minify", "--charset=utf8", "--format=esm", "--legal-comments=none", "--log-level=warning"),
            f"--banner:js={banner}",
            f"--outfile={target / 'uplot.js'}",
        ],
        check=True,
    )
    sheet = (source / "dist/uPlot.min.css").read_text("utf-8")
    (target / "uplot.css").write_text(f"{banner}\n{sheet}", encoding="utf-8")
    shutil.copyfile(source / "LICENSE", target / "LICENSE")


if __name__ == "__main__":
    vendor_uplot(VENDOR / "uplot")
