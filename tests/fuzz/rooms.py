"""Fuzzes whole rooms: random schemas, edits, links and lies; viewers compare everything that they hold with the truth.

    python -m tests.fuzz.rooms --seconds 60 --seed 7
    python -m tests.fuzz.rooms --trace fault.json

No room may fail, no exception may escape, and no viewer that keeps to the protocol may be closed or hold anything else
than it is to see: in the Python client, in the browser's, and in recordings. The machine is in
`tests/support/any_room/`. A trace that shows a fault is cut down and printed with its seed.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import random
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.any_room.browser import Browser
from tests.support.any_room.machine import Machine
from tests.support.any_room.shrinking import Shrinking
from tests.support.any_room.traces import Trace, random_trace
from tests.support.any_room.truth import Found

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TRIES = 400
"""How many shorter traces are tried at most: about as many tenths of a second."""


@dataclass(frozen=True)
class Fault:
    """What a trace showed."""

    kind: str
    text: str
    step: int
    """How many steps were made before."""


class _Errors(logging.Handler):
    """Keeps what the server logs of the exceptions of its rooms."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []
        self.kinds: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(logging.Formatter().format(record))
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self.kinds.append(_kind_of(error))


def _kind_of(error: BaseException) -> str:
    """Return what an exception is called among faults."""
    if isinstance(error, Found):
        return error.kind
    return f"{type(error).__name__} in {traceback.extract_tb(error.__traceback__)[-1].name}"


def run(trace: Trace, browser: Browser | None) -> Fault | None:
    """Make all steps of a trace.

    Args:
        trace: The trace.
        browser: Plays what was sent to the SDK; None: the Python client alone is checked.

    Returns:
        The fault that the trace shows, None for none.
    """
    errors = _Errors()
    log = logging.getLogger("gameserver")
    log.addHandler(errors)
    propagate, log.propagate = log.propagate, False
    made = 0
    try:
        machine = Machine(trace.game)
        for name, seed in trace.steps:
            machine.step(name, seed)
            made += 1
        machine.finish()
        fault = None if browser is None else browser.fault(machine.tape)
        return None if fault is None else Fault("browser", fault, made)
    except Found as found:
        kind = ": ".join((found.kind, *errors.kinds[:1]))
        return Fault(kind, "\n".join((found.text, *errors.texts[:1])), made)
    except Exception as error:
        return Fault(_kind_of(error), traceback.format_exc(), made)
    finally:
        log.removeHandler(errors)
        log.propagate = propagate


def cut_down(trace: Trace, fault: Fault, browser: Browser | None, tries: int = TRIES) -> tuple[Trace, Fault]:
    """Return a trace that shows a fault of the same kind, as short as is found in so many tries, and that fault."""

    def shows(other: Trace) -> bool:
        nonlocal fault
        found = run(other, browser)
        if found is None or found.kind != fault.kind:
            return False
        fault = found
        return True

    start = Trace(trace.game, trace.steps[: fault.step + 1])
    return Shrinking(start, shows, tries).run(), fault


@dataclass(frozen=True)
class Search:
    """What a search came to."""

    traces: int
    steps: int
    """How many steps were made, those of the trace that shows the fault included."""
    seed: int = 0
    fault: Fault | None = None

    def report(self, browser: Browser | None, tries: int = TRIES) -> str:
        """Describe the fault, with a short trace that shows it."""
        if self.fault is None:
            return f"nothing found in {self.traces} traces, {self.steps} steps\n"
        trace, fault = cut_down(random_trace(self.seed), self.fault, browser, tries)
        head = f"seed {self.seed}, found in trace {self.traces} after {self.steps} steps"
        return f"{head}\n{describe(trace, fault)}"


def describe(trace: Trace, fault: Fault) -> str:
    """Describe a fault and how to see it again."""
    names = " ".join(name for name, _ in trace.steps)
    how = "python -m tests.fuzz.rooms --trace FILE, with this line in FILE:"
    return f"{fault.kind}\n{fault.text}\n\n{len(trace.steps)} steps: {names}\n{how}\n{trace.to_json()}\n"


def search(seeds: Iterable[int], browser: Browser | None) -> Search:
    """Run the traces of seeds, until one shows a fault."""
    traces = steps = 0
    for seed in seeds:
        trace = random_trace(seed)
        fault = run(trace, browser)
        traces += 1
        if fault is not None:
            return Search(traces, steps + fault.step, seed, fault)
        steps += len(trace.steps)
    return Search(traces, steps)


def seeds_for(seconds: float, first: int) -> Iterator[int]:
    """Count up from a seed for some time."""
    until_s = time.monotonic() + seconds
    return itertools.takewhile(lambda _: time.monotonic() < until_s, itertools.count(first))


def main() -> int:
    """Search for as long as is asked for, or run one trace."""
    parser = argparse.ArgumentParser(description="Fuzz whole rooms.")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to search (default: 60)")
    parser.add_argument("--seed", type=int, help="the first seed (default: a random one)")
    parser.add_argument("--trace", type=Path, help="a file with a trace to run instead")
    options = parser.parse_args()
    with Browser() as browser:
        if options.trace is not None:
            trace = Trace.from_json(options.trace.read_text())
            fault = run(trace, browser)
            sys.stdout.write("nothing found\n" if fault is None else describe(trace, fault))
            return int(fault is not None)
        first = random.SystemRandom().getrandbits(32) if options.seed is None else options.seed
        sys.stdout.write(f"rooms: seeds from {first} on\n")
        found = search(seeds_for(options.seconds, first), browser)
        sys.stdout.write(found.report(browser))
        return int(found.fault is not None)


if __name__ == "__main__":
    sys.exit(main())
