"""Generates `tests/conformance/vectors/*.json` from the server's own code.

python -m tests.conformance.make_vectors            writes them
python -m tests.conformance.make_vectors --check    exits with 1 if one is out of date
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.support.vectors.deltas import deltas
from tests.support.vectors.fields import fields
from tests.support.vectors.json import Case, write_cases
from tests.support.vectors.messages import messages, refused

FOLDER: Final = Path(__file__).parent / "vectors"
FILES: Final[dict[str, Callable[[], Iterable[Case]]]] = {
    "messages.json": messages,
    "refused.json": refused,
    "fields.json": fields,
    "deltas.json": deltas,
}


def main(arguments: Sequence[str], folder: Path = FOLDER) -> int:
    """Write the files, or only compare them with `--check`; return the exit status."""
    stale = []
    for name, cases in FILES.items():
        text = write_cases(list(cases()))
        path = folder / name
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    if stale:
        sys.stderr.write(f"stale: {', '.join(stale)}; run python -m tests.conformance.make_vectors\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
