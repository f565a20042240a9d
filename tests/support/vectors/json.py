"""How the vectors are written: JSON, where `{"$bin": "0c0a"}` stands for bytes, one case a line."""

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

Case: TypeAlias = dict[str, Any]


def plain(value: object) -> object:
    """Turn a message's value into JSON's kinds."""
    match value:
        case bytes():
            return {"$bin": value.hex()}
        case list() | tuple():
            return [plain(part) for part in value]
        case dict():
            return {key: plain(part) for key, part in value.items()}
        case _:
            return value


def unplain(value: Any) -> Any:
    """Undo `plain`; arrays are lists."""
    if isinstance(value, dict) and set(value) == {"$bin"}:
        return bytes.fromhex(value["$bin"])
    if isinstance(value, dict):
        return {key: unplain(part) for key, part in value.items()}
    return [unplain(part) for part in value] if isinstance(value, list) else value


def write_cases(cases: Sequence[Case]) -> str:
    """Return the text of a file of vectors."""
    lines = [json.dumps(plain(case), ensure_ascii=False, allow_nan=False) for case in cases]
    return "[\n" + ",\n".join(lines) + "\n]\n"
