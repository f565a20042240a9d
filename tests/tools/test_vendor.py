"""What pages use of packages from npm is what the locked packages give."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.source import ROOT
from tools.vendor import VENDOR, vendor_uplot

MADE = ("uplot.js", "uplot.css", "LICENSE")


@pytest.mark.skipif(not (ROOT / "node_modules/uplot").is_dir(), reason="the packages from npm are not installed")
def test_the_copy_of_uplot_is_made_from_the_locked_package(tmp_path: Path) -> None:
    vendor_uplot(tmp_path)
    for name in MADE:
        assert (tmp_path / name).read_bytes() == (VENDOR / "uplot" / name).read_bytes(), f"{name}: make vendor"


def test_the_copy_names_the_locked_version_and_its_licence() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    version = lock["packages"]["node_modules/uplot"]["version"]
    for name in MADE[:2]:
        assert (VENDOR / "uplot" / name).read_text("utf-8").startswith(f"/*! uPlot {version}, MIT licence: LICENSE.")
    assert "The MIT License" in (VENDOR / "uplot/LICENSE").read_text("utf-8")


def test_a_library_needs_no_eval() -> None:
    found = subprocess.run(["grep", "-rlE", r"\beval\(|new Function", str(VENDOR)], capture_output=True, check=False)
    assert found.stdout == b""
