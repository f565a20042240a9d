"""One Node process for all tests of shared steps, since starting it takes longer than most of them."""

from collections.abc import Iterator
from functools import partial

import pytest

from gameserver.ops.check_step import Node
from tests.support.shared_step.comparing import Compare, compare_in


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    with Node() as running:
        yield running


@pytest.fixture
def compare(node: Node) -> Compare:
    return partial(compare_in, node)
