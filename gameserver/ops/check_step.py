"""Runs a shared step in Python and in Node on the same random cases, and compares every bit.

`gameserver check` uses `run_differential`. Both sides work at the same time: Node on the cases that were sent, Python
on the next ones.
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

ANSWER_TIMEOUT_S = 60.0
"""A case takes well under a millisecond, so an answer that takes this long never comes."""
MAX_PENDING = 256
"""Cases that are sent and not compared yet: enough to keep Node busy, few enough to hold in memory."""


class CheckError(RuntimeError):
    """The comparison cannot be made: there is no Node, or it cannot run the module."""


class Node:
    """A Node process that runs translated steps. Use it as a context manager; its methods block."""

    def __init__(self) -> None:
        """Start the process.

        Raises:
            CheckError: There is no `node`.
        """
        found = shutil.which("node")
        if found is None:
            raise CheckError("`node` is not on the PATH; install Node.js 20 or newer to compare with it")
        self._process = subprocess.Popen(
            [found, str(_RUNNER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        # A thread reads all the time: Node blocks on a full pipe, and this process would then block on its own writes.
        self._reader = threading.Thread(target=self._read, name="node answers", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                # Closing writes what is still buffered, to a process that has ended.
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def load(self, experiment: Experiment, module: str, name: str, steps: int) -> None:
        """Use a function for the cases that follow.

        Args:
            experiment: The fields of state and inputs, and the length of a tick.
            module: Source of an ES module.
            name: The function, as the module exports it.
            steps: Ticks in each case.

        Raises:
            CheckError: Node cannot load the module.
        """
        self._send(experiment.job(module, name, steps))
        self._receive()

    def ask(self, experiment: Experiment, case: Case) -> None:
        """Send a case without waiting for its answer.

        Raises:
            CheckError: Node has ended.
        """
        self._send(experiment.question(case))

    def answer(self) -> Trace:
        """Wait for the next answer; answers come in the order of the cases.

        Raises:
            CheckError: Node has ended, does not answer, or cannot run the case.
        """
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
    """Run a shared function on random cases in Python and in Node, up to the first difference.

    After each step the state is snapped to its grid.

    Args:
        function: Takes state, inputs and `dt`; decorated with `@shared`.
        state_fields: The attributes of the state.
        input_fields: The attributes of the inputs.
        cases: Number of random start states.
        steps: Number of steps from each.
        dt: Length of a tick in seconds.
        seed: Seed of the random cases.
        snap: Snaps a state to its grid in Python; by default by the fields.

    Returns:
        What was compared, and the first difference if there is one.

    Raises:
        CheckError: There is no Node, or it cannot run the function.
        SharedStepError: `function` is not `@shared`.
        TypeError: `function` uses an attribute that is none of the fields.
    """
    experiment = Experiment(function, tuple(state_fields), tuple(input_fields), dt, snap)
    module = to_module([function])
    experiment.check_fields(touches(function))
    return run_experiment(experiment, module, cases=cases, steps=steps, seed=seed)


def run_experiment(experiment: Experiment, module: str, *, cases: int, steps: int, seed: int) -> Report:
    """Run an experiment on random cases in Python and in Node, up to the first difference.

    Args:
        experiment: What to run.
        module: Source of an ES module that exports its function.
        cases: Number of random start states.
        steps: Number of steps from each.
        seed: Seed of the random cases.

    Returns:
        What was compared, and the first difference if there is one.

    Raises:
        CheckError: There is no Node, or it cannot run the function.
    """
    source = random.Random(seed)
    with Node() as node:
        node.load(experiment, module, experiment.function.__name__, steps)
        return _Run(experiment, node).run(cases, steps, source)


class _Run:
    """One run: the cases that are sent and not compared yet, and the number of those that raised."""

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
            if len(self.pending) == MAX_PENDING and (difference := self._compare_oldest(MAX_PENDING // 2)):
                return self._report(number + 1, steps, difference)
        return self._report(cases, steps, self._compare_oldest(len(self.pending)))

    def _compare_oldest(self, count: int) -> Difference | None:
        """Compare the oldest `count` cases with Node's answers. Returns the first difference."""
        for number, case, ours in self.pending[:count]:
            difference = self.experiment.compare(number, case, ours, self.node.answer())
            if difference is not None:
                return difference
            self.raised += ours.raised is not None
        del self.pending[:count]
        return None

    def _report(self, cases: int, steps: int, difference: Difference | None) -> Report:
        return Report(self.experiment.function.__name__, cases, steps, self.raised, difference)
