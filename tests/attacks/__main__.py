"""All attacks, one after the other, each in a process of its own: `python -m tests.attacks [--tls …] [NAME …]`.

It ends with a table of what the bystanders felt; status 1 when anybody's game suffered. An attack that needs another
server than the options say, such as one with workers, gets the nearest that it can be made on.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.support.attack.attack import Attack, add_setup_arguments, setup_of
from tests.support.attack.outcome import Outcome, report, table, write
from tests.support.source import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.attack.attack import Setup

TIMEOUT_S: Final = 150.0
END_TIMEOUT_S: Final = 10.0
SHOWN_CHARACTERS: Final = 4_000
"""Of what an attack that broke down wrote to standard error."""


def attacks(names: Sequence[str] = ()) -> list[Attack]:
    """The attacks of this folder, or those with these names, in order of their names."""
    found = [path.stem for path in sorted(Path(__file__).parent.glob("*.py")) if not path.stem.startswith("_")]
    return [importlib.import_module(f"tests.attacks.{name}").ATTACK for name in names or found]


def run(attack: Attack, setup: Setup, calm_s: float) -> Outcome | None:
    """Run an attack in a process of its own. None when that process broke down."""
    line = [sys.executable, "-m", f"tests.attacks.{attack.name}", "--json", "--calm-s", str(calm_s), *setup.arguments()]
    said = last_line(line, TIMEOUT_S)
    return Outcome.from_json(said) if said.startswith("{") else None


def last_line(line: Sequence[str], timeout_s: float) -> str:
    """Run a command, and end it with all that it started. Return its last line; "" if it did not end in time.

    What it wrote to standard error is shown when that line is no JSON object.
    """
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            line, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
        )
        try:
            said = process.communicate(timeout=timeout_s)[0].strip().rpartition("\n")[2]
        except subprocess.TimeoutExpired:
            said = ""
        finally:
            end(process)
        if not said.startswith("{"):
            errors.seek(0)
            sys.stderr.write(errors.read()[-SHOWN_CHARACTERS:])
        return said


def end(process: subprocess.Popen[str]) -> None:
    """End an attack's process with its server and its bystanders, however it went."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.terminate()
        process.communicate(timeout=END_TIMEOUT_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def main() -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("names", nargs="*")
    add_setup_arguments(parser)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    setup = setup_of(arguments)
    outcomes: list[Outcome] = []
    broken: list[str] = []
    for attack in attacks(arguments.names):
        outcome = run(attack, setup.fitted_to(attack), arguments.calm_s)
        if outcome is None:
            broken.append(attack.name)
            write(f"{attack.name}: could not be run")
        else:
            outcomes.append(outcome)
            report(outcome)
    write("\n" + table(outcomes))
    raise SystemExit(1 if broken or not all(outcome.held for outcome in outcomes) else 0)


if __name__ == "__main__":
    main()
