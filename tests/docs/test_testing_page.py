"""Every test that docs/guide/testing.md shows passes as it is printed."""

import importlib.util
import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from gameserver.testing import Game
from tests.support.source import ROOT

PAGE = (ROOT / "docs/guide/testing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The page's module: one block goes on where the one before it ended."""
    path = tmp_path_factory.mktemp("page") / "testing_page.py"
    path.write_text("\n".join(BLOCKS), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("testing_page", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["testing_page"] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_tests() -> None:
    assert len(re.findall(r"^def test_", PAGE, re.MULTILINE)) >= 5


@pytest.mark.parametrize("name", re.findall(r"^def (test_\w+)", PAGE, re.MULTILINE))
def test_a_test_on_the_page_passes(name: str, printed: Any, play: Callable[..., Game]) -> None:
    test = getattr(printed, name)
    test(play) if inspect.signature(test).parameters else test()
