"""Runs a shared step in Python and in Node on the same random cases, and compares every bit.

`run_differential` is what `gameserver check` stands on. Both sides work at the same time: Node on a batch that was
sent, Python on the next one.
"""

from __future__ import annotations

import contextlib
import json
import queue
import random
import shutil
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from gameserver.shared_step.differential import Experiment, Report, Trace
from gameserver.shared_step.translate import to_module, touches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import SimpleNamespace, TracebackType

    from gameserver.shared_step.differential import Case, Difference, GridField

_RUNNER = Path(__file__).with_name("check_step.mjs")

# A case takes well under a millisecond; an answer that takes this long never comes.
ANSWER_TIMEOUT_S = 60.0
# Cases that are on their way at once: enough to keep Node busy, few enough to hold in memory.
MAX_PENDING = 256


class CheckError(RuntimeError):
    """The comparison could not be made: there is no Node, or it could not run the module."""


class Node:
    """A Node process that runs translated steps. Use it as a context manager; its methods block."""

    def __init__(self) -> None:
        found = shutil.which("node")
        if found is None:
            raise CheckError("`node` is not on the PATH; install Node.js 20 or newer to compare with it")
        self._process = subprocess.Popen(
            [found, str(_RUNNER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        # Somebody must always read: Node writes to a pipe synchronously and would otherwise stop, and so would we.
        self._reader = threading.Thread(target=self._read, name="node answers", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                # What was still to be sent has nobody to go to.
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def load(self, experiment: Experiment, module: str, name: str, steps: int) -> None:
        """Make `name` of an ES module the step of the cases that follow. Raises CheckError if Node cannot load it."""
        self._send(experiment.job(module, name, steps))
        self._receive()

    def ask(self, experiment: Experiment, case: Case) -> None:
        self._send(experiment.question(case))

    def answer(self) -> Trace:
        """The next answer, in the order of the questions."""
        found = self._receive()
        return Trace(bytes.fromhex(found["states"]), found["raised"])

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise CheckError("Node ended while it was being asked") from None

    def _receive(self) -> dict[str, Any]:
        try:
            line = self._answers.get(timeout=ANSWER_TIMEOUT_S)
        except queue.Empty:
            raise CheckError(f"Node did not answer within {ANSWER_TIMEOUT_S:g} s") from None
        if not line:
            raise CheckError("Node ended before it answered")
        found: dict[str, Any] = json.loads(line)
        if "error" in found:
            raise CheckError(f"Node cannot run the step: {found['error']}")
        return found

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")


def run_differential(
    function: Callable[..., object],
    state_fields: Sequence[GridField],
    input_fields: Sequence[GridField],
    *,
    cases: int = 10_000,
    steps: int = 60,
    dt: float = 1 / 60,
    seed: int = 1,
    snap: Callable[[SimpleNamespace], None] | None = None,
) -> Report:
    """Run `function(state, inputs, dt)` for `cases` random starts and `steps` steps each, here and in Node.

    After each step a state is snapped to its grid, here by `snap` if it is given. `dt` is in seconds. The same `seed`
    gives the same cases. Stops at the first difference. Raises CheckError without Node, SharedStepError if it is
    not `@shared`, TypeError if it touches an attribute that no field stands for.
    """
    experiment = Experiment(function, tuple(state_fields), tuple(input_fields), dt, snap)
    module = to_module([function])
    experiment.check_fields(touches(function))
    source = random.Random(seed)
    with Node() as node:
        node.load(experiment, module, function.__name__, steps)
        return _Run(experiment, node).run(cases, steps, source)


class _Run:
    """One run's bookkeeping: what was asked and not answered yet, what was counted."""

    def __init__(self, experiment: Experiment, node: Node) -> None:
        self.experiment = experiment
        self.node = node
        self.pending: list[tuple[int, Case, Trace]] = []
        self.raised = 0

    def run(self, cases: int, steps: int, source: random.Random) -> Report:
        for number in range(cases):
            case = self.experiment.random_case(source, steps)
            self.node.ask(self.experiment, case)
            self.pending.append((number, case, self.experiment.run(case)))
            if len(self.pending) == MAX_PENDING and (difference := self._settle(MAX_PENDING // 2)):
                return self._report(number + 1, steps, difference)
        return self._report(cases, steps, self._settle(len(self.pending)))

    def _settle(self, count: int) -> Difference | None:
        """Compare the oldest `count` questions with their answers."""
        for number, case, ours in self.pending[:count]:
            difference = self.experiment.compare(number, case, ours, self.node.answer())
            if difference is not None:
                return difference
            self.raised += ours.raised is not None
        del self.pending[:count]
        return None

    def _report(self, cases: int, steps: int, difference: Difference | None) -> Report:
        return Report(self.experiment.function.__name__, cases, steps, self.raised, difference)
