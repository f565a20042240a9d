"""Fuzzes one decoder, guided by coverage. Needs atheris (`pip install trio-gameserver[fuzz]`).

    python -m tests.fuzz.run client -max_total_time=60

Options after the target are those of libFuzzer. New inputs are written to a temporary directory; move those worth
keeping to `tests/fuzz/corpus/<target>/`, and the test suite runs them from then on.
"""

import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

atheris: Any = import_module("atheris")  # an extra of its own, which type checkers need not have

with atheris.instrument_imports(include=["gameserver", "msgpack"]):
    from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


def main() -> None:
    """Run until a limit of libFuzzer is reached, or an error other than `ProtocolError` is raised."""
    name, *options = sys.argv[1:]
    target = TARGETS[name]
    found = tempfile.mkdtemp(prefix=f"fuzz-{name}-")
    sys.stderr.write(f"new inputs go to {found}\n")

    def run(data: bytes) -> None:
        target(data)

    settings = [f"-artifact_prefix={found}/", "-max_len=4096", *options]
    atheris.Setup([sys.argv[0], *settings, found, str(CORPUS / name)], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
