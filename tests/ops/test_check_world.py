"""`gameserver check` on a predicted world: many bodies over many ticks, in Python and in Node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gameserver.ops.check_step import run_experiment
from gameserver.ops.check_world import BODIES_OF_A_TYPE, world_experiment
from gameserver.room.kind import make_kind
from tests.support.sim.football import Football, glide

if TYPE_CHECKING:
    from gameserver.ops.check_world import WorldExperiment

STEPS = 40


def football() -> tuple[WorldExperiment, str]:
    kind = make_kind(Football)
    types = {entity_type.name: entity_type for entity_type in kind.schema.entities}
    touch = Football.predict_world
    assert touch is not None
    return world_experiment(touch, glide, types, kind.inputs_type, 1 / 60)


def test_a_world_of_bodies_that_touch_has_the_same_bits_in_both_languages() -> None:
    experiment, module = football()
    assert len(experiment.places) == 2 * BODIES_OF_A_TYPE
    report = run_experiment(experiment, module, cases=60, steps=STEPS, seed=1)
    assert report.ok, str(report)
    assert report.raised == 0


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("for (const [type, step] of $world.steps)", "for (const [type, step] of [])"),
        ("slice(place + 1)", "slice(place + 2)"),
        ("of $world.contacts)", "of [...$world.contacts].reverse())"),
        ("controls[name] = body[name]", "controls[name] = 0"),
    ],
)
def test_another_order_or_other_controls_are_found(written: str, instead: str) -> None:
    experiment, module = football()
    assert written in module
    report = run_experiment(experiment, module.replace(written, instead), cases=60, steps=STEPS, seed=1)
    assert not report.ok
