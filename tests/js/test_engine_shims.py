"""What stands in for Node in the pages of other engines has all that the unit tests use."""

import re

from tests.support.source import ROOT

SHIM = (ROOT / "tests/support/engines/node_assert.js").read_text("utf-8").partition("export default")[2]


def test_every_assertion_is_there() -> None:
    tests = [path.read_text("utf-8") for path in sorted((ROOT / "tests/js").rglob("*.js"))]
    used = {name for text in tests for name in re.findall(r"\bassert\.(\w+)\(", text)}
    assert used - set(re.findall(r"^  (\w+)[:,]", SHIM, re.MULTILINE)) == set()
    assert len(used) > 5
