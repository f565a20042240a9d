"""The documentation site has every page, its links go on to work, and it is built without a warning."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.page_blocks import blocks_in
from tests.support.source import ROOT
from tools.docs_site import MODULES, PAGES, is_of_math, not_named, places, public_names, rewritten

if TYPE_CHECKING:
    from pathlib import Path

NAV: Final = (ROOT / "mkdocs.yml").read_text("utf-8").split("\nnav:\n")[1]
IMPORTED: Final = re.compile(r"(?:\bfrom|\bimport|pytest_plugins = \[\")\s*(gameserver[\w.]*)")
HTML: Final = ROOT / "build/site/html"


def test_the_order_of_the_pages_names_pages_that_there_are() -> None:
    assert set(re.findall(r"[\w/-]+\.md", NAV)) - set(places().values()) == {"api/index.md"}


def test_a_page_that_the_order_leaves_out_is_added_to_it() -> None:
    order = NAV.replace("guide/time.md", "")
    assert set(not_named(order)) - set(not_named(NAV)) == {(ROOT / "docs/guide/time.md", "guide/time.md")}


def test_links_lead_to_the_places_that_pages_have_in_the_site() -> None:
    source = ROOT / "docs/guide/page.md"
    known = {**places(), source: "guide/page.md"}
    text = "[a](../../README.md#x), [guide/time.md](time.md), [b](../../gameserver/room/engine.py), [c](#here)\n"
    assert rewritten(text, source, known) == "[a](../quick-start.md#x), [Time on the client](time.md), b, [c](#here)\n"


def test_what_pages_import_is_in_the_reference() -> None:
    """The games have pages of their own."""
    code = "".join(block.source for block in [*blocks_in("python"), *blocks_in("py")])
    named = {re.sub(r"^gameserver\.games\..*", "gameserver", name) for name in IMPORTED.findall(code)}
    assert len(named) > 4
    assert named <= set(MODULES)


def test_code_is_left_as_it_is() -> None:
    source = ROOT / "docs/README.md"
    text = "```python\nx = [a](time.md)\n```\n"
    assert rewritten(text, source, places()) == text


@pytest.fixture(scope="module")
def site() -> Path:
    """The site, built as `make docs` does it."""
    done = subprocess.run(
        [sys.executable, "tools/docs_site.py", "build"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return HTML


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_has_all_of_it(site: Path) -> None:
    assert {place.replace(".md", ".html") for place in PAGES.values()} <= {
        path.relative_to(site).as_posix() for path in site.rglob("*.html")
    }
    for module in MODULES:
        page = (site / f"api/{module}.html").read_text("utf-8")
        shown = {name.rsplit(".", 1)[1] for name in re.findall(r'id="(gameserver[\w.]*)"', page) if "." in name}
        missing = [name for name in public_names(module) if name not in shown and not is_of_math(module, name)]
        assert missing == [], module
    assert 'id="sdk-Session"' in (site / "api/sdk.html").read_text("utf-8")
    assert len(json.loads((site / "search.json").read_text("utf-8"))["items"]) > 500


@pytest.mark.slow
def test_the_site_asks_no_other_server_for_anything(site: Path) -> None:
    for page in site.rglob("*.html"):
        asked = re.findall(r'(?:src|<link[^>]*href)="(https?:)?//', page.read_text("utf-8"))
        assert asked == [], page
