"""What a handler of the author's own gets and returns: `Request`, `Response`. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, overload
from urllib.parse import parse_qsl

import msgspec

from gameserver.net.http import responses
from gameserver.net.http.content_types import HTML
from gameserver.net.http.policy import STRICT
from gameserver.protocol.payload import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.net.http.head import Head
    from gameserver.net.http.policy import PagePolicy

T = TypeVar("T")

_PLAIN_TEXT: Final = "text/plain; charset=utf-8"
_JSON: Final = "application/json"
_BYTES: Final = "application/octet-stream"
_STATUSES: Final = frozenset(int(status) for status in HTTPStatus if status >= HTTPStatus.OK)
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OWN_HEADERS: Final = re.compile(
    r"connection|content-length|content-type|date|keep-alive|trailer|transfer-encoding|upgrade|access-control-.*"
)
"""Headers that the server writes itself."""


class BodyInvalid(ValueError):
    """The body is not what the handler asks for; the text says how. The request is answered with 400."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, as a handler gets it."""

    method: str
    """In capitals. A handler for GET also gets HEAD; the server sends no body then."""
    path: str
    """As sent, without the query."""
    query: Mapping[str, str]
    """The parameters after `?`, decoded; of one that is repeated, the last value."""
    headers: Mapping[str, str]
    """By name in lower case; the values of one that is repeated are joined with `, `."""
    body: bytes
    """As sent; `text` and `json` read it."""
    claims: Mapping[str, object] | None
    """Those of the verified token; None where the server, or this route, asks for none."""
    address: str
    """The client's, as a trusted proxy names it if there is one."""

    def text(self) -> str:
        """Return the body as text.

        Returns:
            The text.

        Raises:
            BodyInvalid: It is not UTF-8. If the handler lets it through, the client gets 400.
        """
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            raise BodyInvalid("the body is not UTF-8") from None

    @overload
    def json(self) -> Any: ...

    @overload
    def json(self, kind: type[T]) -> T: ...

    def json(self, kind: Any = Any) -> Any:
        """Return the body as what its JSON holds.

        Args:
            kind: What it must be: a msgspec.Struct, a dataclass, a TypedDict, `list[int]` or the like.

        Returns:
            The value, checked.

        Raises:
            BodyInvalid: It is not JSON, or not of that kind. If the handler lets it through, the client gets 400 and
                is sent which part is wrong.
        """
        try:
            return msgspec.json.decode(self.body, type=kind)
        except msgspec.ValidationError as error:
            raise BodyInvalid(f"the body: {error}") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise BodyInvalid("the body is not JSON") from None


@dataclass(frozen=True, slots=True)
class Response:
    """What a handler returns that wants to say more than the body."""

    body: Reply = None
    """A text, bytes, or what JSON can hold."""
    status: int = 200
    """The HTTP status, from 200 up."""
    content_type: str | None = None
    """None: by the type of the body."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """More headers, by name. A browser keeps no response for later unless `Cache-Control` says so."""

    def __post_init__(self) -> None:
        """Check status and headers.

        Raises:
            ValueError: The status is none that ends a request, or a header cannot be sent, or is the server's own.
        """
        if self.status not in _STATUSES:
            raise ValueError(f"status is {self.status!r}; write an HTTP status from 200 up")
        for name, value in self.headers.items():
            if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
                raise ValueError(f"the header {name!r}: {value!r} cannot be sent: write it in one line of Latin-1")
            if _OWN_HEADERS.fullmatch(name.lower()):
                raise ValueError(f"the header {name!r} is written by the server")
        if self.content_type is not None and not _VALUE.fullmatch(self.content_type):
            raise ValueError(f"content_type {self.content_type!r} cannot be sent: write it in one line of Latin-1")


Reply: TypeAlias = "str | bytes | dict[str, Any] | list[Any] | msgspec.Struct | Response | None"
"""What a handler may return: a text, bytes, what becomes JSON, or a `Response`. None is 204."""


def request_of(head: Head, body: bytes, claims: Mapping[str, object] | None, address: str) -> Request:
    """Return what a handler gets of a request."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    query = dict(parse_qsl(head.target.partition("?")[2], keep_blank_values=True))
    return Request(head.method, head.path, query, headers, body, claims, address)


def response_of(reply: object, policy: PagePolicy) -> responses.Response:
    """Return what a handler's reply is as an HTTP response.

    Args:
        reply: what it has returned.
        policy: of the author's pages: a reply may be one.

    Raises:
        TypeError: it is none, or has a part that JSON cannot hold.
        ValueError: it has a text that is not valid Unicode.
    """
    wrapped = reply if isinstance(reply, Response) else Response(_known(reply), 204 if reply is None else 200)
    body, content_type = _encoded(wrapped.body)
    content_type = wrapped.content_type or content_type
    is_page = content_type.startswith(HTML.partition(";")[0])
    own = {name.lower(): value for name, value in wrapped.headers.items()}
    sent = policy.headers(body.decode("utf-8", "replace")) if is_page else STRICT
    return responses.Response(
        HTTPStatus(wrapped.status),
        body if wrapped.status not in responses.BODILESS else b"",
        content_type,
        tuple((name, value) for name, value in wrapped.headers.items() if name.lower() != "cache-control"),
        cache=own.get("cache-control", responses.NO_STORE),
        policy=tuple(header for header in sent if header[0].lower() not in own),
    )


def _known(reply: object) -> Any:
    if reply is not None and not isinstance(reply, str | bytes | dict | list | msgspec.Struct):
        kind = type(reply).__name__
        raise TypeError(f"the handler returned a {kind}; return a str, bytes, a dict, a list, a Response or None")
    return reply


def _encoded(body: object) -> tuple[bytes, str]:
    match body:
        case None:
            return b"", _PLAIN_TEXT
        case str():
            return body.encode(), _PLAIN_TEXT
        case bytes():
            return body, _BYTES
        case _:
            return msgspec.json.encode(body, enc_hook=plain) + b"\n", _JSON
