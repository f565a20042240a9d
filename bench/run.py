"""The whole comparison with one command: this server and its peers, one after the other, the repeats outermost.

    python -m bench.run [--quick] [--repeats 3] [--seconds 15] [--only REGEX] [--python PATH] [--output NAME]

Servers run on core 0, the load generator on core 1. Tables go to stdout and, with every single result, to
bench/results/. The exit status is 1 when a client saw another state than the server's, or when a measurement failed;
the figures are then not valid.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bench.machine import ROOT, describe, load_average
from bench.matrix import CASES, TARGETS
from bench.tables import cases_table, faults, targets_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.matrix import Case
    from bench.tables import Result

LOAD_CORE: Final = 1
TIMEOUT_S: Final = 180
"""Limit for one measurement; the longest, with 1000 clients of Colyseus, takes about 50 s."""


def measure(case: Case, seconds: float, warm: float, python: str) -> Result:
    """Run one measurement.

    Raises:
        RuntimeError: The measurement failed; the message holds what it printed.
    """
    command = ["taskset", "-c", str(LOAD_CORE), "node", "bench/load/main.mjs", *case.options]
    command += ["--seconds", f"{seconds:g}", "--warm", f"{warm:g}", "--python", python]
    path = [str(ROOT / "build/compiled"), str(ROOT)] if case.compiled else [str(ROOT)]
    if "PYTHONPATH" in os.environ:  # where another interpreter finds the packages
        path.append(os.environ["PYTHONPATH"])
    environment = {**os.environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(path)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        raise RuntimeError(f"{case.name} failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
    result: Result = json.loads(lines[-1])
    if result["versions"].get("compiled", case.compiled) != case.compiled:
        raise RuntimeError(f"{case.name}: the other build ran; make compiled")
    return {"case": case.name, "load_average": load_average(), **result}


def measure_all(cases: Sequence[Case], options: argparse.Namespace) -> tuple[dict[str, list[Result]], bool]:
    """Run every case once per repeat; return the results, and whether all of them are valid."""
    results: dict[str, list[Result]] = {case.name: [] for case in cases}
    sound = True
    for repeat in range(1, options.repeats + 1):
        for case in cases:
            try:
                result = measure(case, options.seconds, options.warm, options.python)
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                print(error, file=sys.stderr)
                sound = False
                continue
            wrong = faults(result)
            sound &= not wrong
            results[case.name].append(result)
            print(
                f"{repeat}/{options.repeats} {case.name}: {result['usPerClientTick']} µs {' '.join(wrong)}", flush=True
            )
    return results, sound


def report(cases: Sequence[Case], results: dict[str, list[Result]], command: str) -> str:
    """Return the tables as Markdown, preceded by the machine and the versions."""
    lines = [f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC with `{command}`.", ""]
    lines += [f"- {what}: {value}" for what, value in describe().items()]
    lines += ["", *cases_table(cases, results), "", *targets_table(TARGETS, results), ""]
    compared = sum(r["verify"]["compared"] for found in results.values() for r in found if r["verify"])
    lines.append(f"Sampled clients compared {compared} entities with the servers' own state.")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print the tables, write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the main cases once, in about two minutes")
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--warm", type=float)
    parser.add_argument("--only", default=".", help="a regular expression that the names of cases must match")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that Python's servers run on")
    parser.add_argument("--output", help="name of the files in bench/results (latest, or quick)")
    options = parser.parse_args()
    options.repeats = options.repeats or (1 if options.quick else 3)
    options.seconds = options.seconds or (6 if options.quick else 15)
    options.warm = options.warm or (2 if options.quick else 4)
    cases = [c for c in CASES if (c.quick or not options.quick) and re.search(options.only, c.name)]
    results, sound = measure_all(cases, options)
    text = report(cases, results, " ".join(["python -m bench.run", *sys.argv[1:]]))
    print(f"\n{text}")
    folder = ROOT / "bench/results"
    folder.mkdir(exist_ok=True)
    name = options.output or ("quick" if options.quick else "latest")
    (folder / f"{name}.md").write_text(text)
    (folder / f"{name}.json").write_text(json.dumps({"about": describe(), "results": results}, indent=1) + "\n")
    if not sound:
        sys.exit("error: not all measurements are sound; see above")


if __name__ == "__main__":
    main()
