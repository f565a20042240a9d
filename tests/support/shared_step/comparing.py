"""Runs a step in Python and in Node, on random states and inputs, and compares the bits."""

import random
from collections.abc import Callable
from typing import Any, TypeAlias

from gameserver.ops.check_step import Node
from gameserver.shared_step import to_module
from gameserver.shared_step.differential import Difference, Experiment
from tests.support.shared_step.declaring import INPUTS, STATE

Compare: TypeAlias = Callable[..., Difference | None]


def compare_in(node: Node, function: Callable[..., Any], *, cases: int = 200, steps: int = 3) -> Difference | None:
    """Run a step (state, inputs, dt) on the tests' fields on both sides.

    Returns:
        The first difference; None if there is none.
    """
    experiment = Experiment(function, STATE, INPUTS, 1 / 60)
    node.load(experiment, to_module([function]), function.__name__, steps)
    source = random.Random(1)
    for number in range(cases):
        case = experiment.random_case(source, steps)
        node.ask(experiment, case)
        difference = experiment.compare(number, case, experiment.run(case), node.answer())
        if difference is not None:
            return difference
    return None
