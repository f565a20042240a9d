"""Log lines: one for each record, with its fields and without tokens."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.ops.logs import JsonFormatter, TextFormatter

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.pU63fMLL4S04zlinLGwjTF8t3iJq05Mz6iDuc2zc_lQ"


def record(message: str, **fields: object) -> logging.LogRecord:
    entry = logging.makeLogRecord({"name": "gameserver.net", "levelname": "INFO", "msg": message, "created": 0.5})
    vars(entry).update(fields)
    return entry


def test_text_has_the_time_the_level_and_the_fields() -> None:
    line = TextFormatter().format(record("refused", code=4004, reason="two words", empty=""))
    assert line == '1970-01-01T00:00:00.500Z INFO gameserver.net refused code=4004 reason="two words" empty=""'


def test_json_has_the_same() -> None:
    line = json.loads(JsonFormatter().format(record("refused", code=4004, what=ValueError("odd"))))
    assert line == {
        "time": "1970-01-01T00:00:00.500Z",
        "level": "info",
        "logger": "gameserver.net",
        "message": "refused",
        "code": 4004,
        "what": "odd",
    }


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_no_token_is_logged(formatter: logging.Formatter) -> None:
    try:
        raise ValueError(f"bad token {TOKEN}")
    except ValueError:
        entry = record(f"got {TOKEN}", header=f"Bearer {TOKEN}", exc_info=sys.exc_info())
    line = formatter.format(entry)
    assert TOKEN not in line
    assert TOKEN.split(".")[1] not in line
    assert line.count("[token]") == 3


@given(st.text())
def test_text_from_a_client_stays_on_one_line(text: str) -> None:
    for formatter in (TextFormatter(), JsonFormatter()):
        assert "\n" not in formatter.format(record("said: %s".replace("%s", "") + text.replace("%", ""), name_=text))


def test_a_traceback_is_logged() -> None:
    try:
        raise ValueError("oh")
    except ValueError:
        entry = record("failed", exc_info=sys.exc_info())
    assert "ValueError: oh" in TextFormatter().format(entry)
    assert "ValueError: oh" in json.loads(JsonFormatter().format(entry))["traceback"]


FORGERY = "\n2026-01-01T00:00:00.000Z ERROR gameserver.net forged\x1b[2J\x9b31m\u202e\u2028"


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_no_text_from_outside_forges_a_line_or_controls_a_terminal(formatter: logging.Formatter) -> None:
    try:
        raise ValueError(FORGERY)
    except ValueError:
        entry = record(f"said {FORGERY}", reason=FORGERY, exc_info=sys.exc_info())
    lines = formatter.format(entry).split("\n")
    assert not any(line.startswith("2026-01-01") for line in lines)
    assert all(line.startswith("| ") for line in lines[1:]), "a traceback is marked as one"
    for character in "\r\x1b\x9b\u202e\u2028":
        assert character not in "".join(lines)
