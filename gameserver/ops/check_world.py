"""A whole predicted world as one experiment, for `gameserver check`: some bodies of each type over many ticks, in
Python and in JavaScript.

The state is all fields of all bodies side by side, under names such as `Ball2_x`; both sides spread it over the bodies,
run one tick, and gather it again. The JavaScript of the tick is written here once more, so that the order of steps and
contacts is compared too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from gameserver.room.touch_rules import describe_touch
from gameserver.shared_step.differential import Case, Experiment, GridField
from gameserver.shared_step.translate import to_step_module
from gameserver.state.touch import run_world

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gameserver.shared_step.differential import Value
    from gameserver.state.entity import EntityType
    from gameserver.state.inputs import InputsType
    from gameserver.state.touch import Touch

    Bodies = list[tuple[str, int, tuple[str, ...]]]
    """Type, prefix of the names, and fields of each body, in the order of the state."""

BODIES_OF_A_TYPE = 3

_TICK_CODE = """
export function world_tick(state, inputs, dt) {
  const lists = {};
  for (const [type, number, fields] of $bodies) {
    const body = {};
    for (const name of fields) body[name] = state[`${type}${number}_${name}`];
    (lists[type] ??= []).push(body);
  }
  for (const type of $world.steered) {
    for (const [place, body] of lists[type].entries()) {
      const controls = { ...$neutral };
      for (const name of $world.shows) controls[name] = body[name];
      const held = place === 0 ? inputs : controls;
      $predict(body, held, dt);
      if (place === 0) for (const name of $world.shows) body[name] = held[name];
    }
  }
  for (const [type, step] of $world.steps) if (step !== null) for (const body of lists[type]) step(body, dt);
  for (const [first, second, contact] of $world.contacts) {
    for (const [place, one] of lists[first].entries()) {
      const others = first === second ? lists[first].slice(place + 1) : lists[second];
      for (const other of others) contact(one, other, dt);
    }
  }
  for (const [type, number, fields] of $bodies) {
    const body = lists[type][number];
    for (const name of fields) state[`${type}${number}_${name}`] = body[name];
  }
}
"""


@dataclass(frozen=True, slots=True)
class WorldExperiment(Experiment):
    """A tick of a whole world. Bodies begin near each other, so that they touch.

    Args:
        places: For each body the indexes of the fields of its position and of its rates in the state.
        spread: How far from each other bodies begin at most.
    """

    places: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = ()
    spread: float = 1.0

    def random_case(self, source: random.Random, steps: int) -> Case:
        """Return random bodies around one place, and inputs for this many steps that are held for a while each."""
        case = Experiment.random_case(self, source, steps)
        state = list(case.state)
        spread = self.spread * source.choice((0.02, 0.1, 0.5))
        middle = [float(state[index]) for index in self.places[0][0]]
        for place, rates in self.places:
            for index, at in zip(place, middle, strict=True):
                state[index] = self._near(index, at + source.uniform(-spread, spread))
            for index in rates:
                state[index] = self._near(index, source.uniform(-self.spread, self.spread))
        return replace(case, state=tuple(state))

    def _near(self, index: int, value: float) -> Value:
        return self.state_fields[index].snap(value)


def world_experiment(
    touch: Touch,
    predict: Callable[[Any, Any, float], object],
    types: Mapping[str, EntityType],
    inputs: InputsType,
    dt: float,
) -> tuple[WorldExperiment, str]:
    """Return the experiment, and the source of the ES module whose `world_tick` it compares.

    Args:
        touch: The room's declaration.
        predict: The room's step.
        types: The room's entity types, by name.
        inputs: The room's inputs.
        dt: The length of a tick in seconds.
    """
    bodies: Bodies = []
    state: list[GridField] = []
    places = []
    for cls in touch.types:
        entity_type = types[cls.__name__]
        fields = [field for spec in _specs(entity_type) if (field := GridField.from_spec(spec)) is not None]
        names = tuple([field.name for field in fields])
        rates = {list(entity_type.numeric)[rate] for _, rate in entity_type.rates}
        for number in range(BODIES_OF_A_TYPE):
            start = len(state)
            bodies.append((cls.__name__, number, names))
            state += [replace(field, name=f"{cls.__name__}{number}_{field.name}") for field in fields]
            place = tuple([start + names.index(name) for name in touch.place])
            places.append((place, tuple([start + i for i, name in enumerate(names) if name in rates])))
    held = [field for spec in inputs.spec() if (field := GridField.from_spec(spec)) is not None]
    experiment = WorldExperiment(
        _tick_of(touch, predict, inputs, bodies), tuple(state), tuple(held), dt, None, tuple(places), float(touch.reach)
    )
    return experiment, _module(touch, predict, inputs, bodies)


def _specs(entity_type: EntityType) -> Iterable[dict[str, object]]:
    return [{"name": name, **field.spec()} for name, field in entity_type.numeric.items()]


def _tick_of(
    touch: Touch, predict: Callable[[Any, Any, float], object], inputs: InputsType, bodies: Bodies
) -> Callable[[Any, Any, float], None]:
    neutral = vars(inputs.cls())

    def world_tick(state: Any, controls: Any, dt: float) -> None:
        values = vars(state)
        lists: dict[str, list[SimpleNamespace]] = {}
        for name, number, fields in bodies:
            body = SimpleNamespace(**{field: values[f"{name}{number}_{field}"] for field in fields})
            lists.setdefault(name, []).append(body)
        for cls in touch.steered:
            for place, body in enumerate(lists[cls.__name__]):
                shown = SimpleNamespace(**neutral)
                vars(shown).update({name: getattr(body, name) for name in touch.shows})
                predict(body, controls if place == 0 else shown, dt)
                if place == 0:
                    vars(body).update({name: getattr(controls, name) for name in touch.shows})
        run_world(touch, lists, dt)
        for name, number, fields in bodies:
            body = lists[name][number]
            values.update({f"{name}{number}_{field}": getattr(body, field) for field in fields})

    return world_tick


def _module(
    touch: Touch, predict: Callable[[Any, Any, float], object], inputs: InputsType, bodies: Sequence[object]
) -> str:
    text = to_step_module({"predict": predict}, {"world": describe_touch(touch)})
    before, _, _ = text.rpartition("\nexport {")
    neutral = json.dumps(vars(inputs.cls()))
    head = f"const $predict = {predict.__name__};\nconst $neutral = {neutral};\nconst $bodies = {json.dumps(bodies)};\n"
    return f"{before}\n{head}{_TICK_CODE}"
