"""Log lines, one a record, as text with `key=value` or as JSON, with the fields that the code gave as `extra`. Tokens
are removed from them.

The package logs with the standard `logging` and never configures it; only the commands do, here.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from textwrap import indent
from typing import Final, Literal, TypeAlias

from gameserver.escaping import escape_controls, escape_json, escape_lines

LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]
LogFormat: TypeAlias = Literal["text", "json"]

_OWN_FIELDS: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_JWT: Final = re.compile(r"\beyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?")
"""What every JWT looks like: its header is JSON in base64, and `{"` is `eyJ`."""
_NEEDS_QUOTES: Final = re.compile(r'[\s"=\x00-\x1f\x7f]|^$')
_QUIET: Final = ("trio-websocket", "wsproto")
"""Libraries that log every WebSocket frame at debug level."""


def configure_logging(level: LogLevel, style: LogFormat) -> None:
    """Have the whole process log to standard error, at `level` and above."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.INFO)


def extra_fields(record: logging.LogRecord) -> dict[str, object]:
    """Return the fields that the caller gave as `extra`."""
    return {key: value for key, value in vars(record).items() if key not in _OWN_FIELDS}


def without_tokens(text: str) -> str:
    """Return `text` with each JWT in it replaced by `[token]`."""
    return _JWT.sub("[token]", text)


def _stamp(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TextFormatter(logging.Formatter):
    """Writes `time LEVEL logger message key=value …`; a traceback follows on lines of its own that begin with `| `.

    Control characters are escaped everywhere, so that no text from outside, the text of an exception included, can look
    like another log line or reach a terminal as an escape sequence.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return one record as text."""
        message = escape_controls(record.getMessage().replace("\\", "\\\\"))
        fields = [f"{key}={_quoted(str(value))}" for key, value in extra_fields(record).items()]
        line = " ".join((_stamp(record), record.levelname, record.name, message, *fields))
        if record.exc_info:
            traceback = escape_lines(self.formatException(record.exc_info))
            line = f"{line}\n{indent(traceback, '| ', lambda _: True)}"
        return without_tokens(line)


class JsonFormatter(logging.Formatter):
    """Writes one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one record as JSON. A value that JSON has no form for is written as its `str`."""
        fields: dict[str, object] = {
            "time": _stamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **extra_fields(record),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return without_tokens(escape_json(json.dumps(fields, default=str, ensure_ascii=False)))


def _quoted(text: str) -> str:
    return escape_json(json.dumps(text, ensure_ascii=False)) if _NEEDS_QUOTES.search(text) else escape_controls(text)
