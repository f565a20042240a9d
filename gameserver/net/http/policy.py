"""What a page may do: the headers that say so to a browser. No I/O.

The package's own pages need nothing but files of their origin, and are sent STRICT. An author's page gets what games
need (workers, WebAssembly, libraries from a CDN, log-in windows); of inline scripts, only those that its file has. Text
of other players that gets into the page as markup runs nothing then.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final, Literal, TypeAlias

Headers: TypeAlias = tuple[tuple[str, str], ...]
Coop: TypeAlias = Literal["unsafe-none", "same-origin-allow-popups", "same-origin", "noopener-allow-popups"]
Coep: TypeAlias = Literal["unsafe-none", "require-corp", "credentialless"]

STRICT_CSP: Final = "; ".join(
    (
        "default-src 'self'",
        # In older browsers 'self' does not include ws: on the page's own host.
        "connect-src 'self' ws: wss:",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        # The latency lab shows two clients side by side.
        "frame-ancestors 'self'",
    )
)
"""Scripts and styles are files of this origin: nothing inline, no eval, nothing from other hosts."""

# Some drawing libraries make functions from text. To a page that came over https, browsers load nothing over http.
_SCRIPT_SOURCES: Final = "'self' http: https: blob: 'unsafe-eval'"
_AUTHOR_CSP: Final = (
    "default-src 'self' http: https: data: blob:",
    "style-src 'self' http: https: 'unsafe-inline'",
    "connect-src 'self' http: https: ws: wss: data: blob:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'self'",
)
NO_CSP: Final = "none"
"""The setting that stands for no Content-Security-Policy at all."""
MAX_INLINE_SCRIPTS: Final = 32
"""A page with more may have any inline script: proxies take no more than 4 KB of headers, a hash has 53 bytes."""

_CSP_TEXT: Final = re.compile(r"[ -~]+")


class PolicyError(ValueError):
    """The policy cannot be sent; the message says what to write."""


@dataclass(frozen=True, slots=True)
class PagePolicy:
    """The policy of a folder of pages."""

    csp: str | None = None
    """The whole Content-Security-Policy, or `none`; None: what games need."""
    coop: Coop = "same-origin-allow-popups"
    """Cross-Origin-Opener-Policy. By default, the windows that the page opens for a log-in can answer it."""
    coep: Coep = "unsafe-none"
    """Cross-Origin-Embedder-Policy. `require-corp` with the COOP `same-origin` lets WebAssembly use threads."""
    referrer: str = "strict-origin-when-cross-origin"
    """Referrer-Policy. The default lets keys work that a service grants to a site."""

    frames: str = "'self'"
    """Whose pages may show the page in a frame, as in `frame-ancestors`; for the default `csp`."""

    def __post_init__(self) -> None:
        """Check the texts.

        Raises:
            PolicyError: the Content-Security-Policy is empty, or has characters that a header cannot have.
        """
        if self.csp is not None and not _CSP_TEXT.fullmatch(self.csp):
            raise PolicyError(f"{self.csp!r}: write a policy in one line, such as default-src 'self', or {NO_CSP}")

    def headers(self, page: str | None = None) -> Headers:
        """Return the headers of one file.

        Args:
            page: the file's text, if it is HTML; None for any other file.
        """
        csp = _csp_for(page or "", self.frames) if self.csp is None else self.csp
        return (
            *(() if csp == NO_CSP else (("Content-Security-Policy", csp),)),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", self.referrer),
            ("Cross-Origin-Opener-Policy", self.coop),
            *(() if self.coep == "unsafe-none" else (("Cross-Origin-Embedder-Policy", self.coep),)),
        )


AUTHOR: Final = PagePolicy()
"""The policy of an author's pages, if the operator chooses nothing else."""
DEVELOPMENT: Final = PagePolicy(
    coop="unsafe-none", frames="'self' http://localhost:* https://localhost:* http://127.0.0.1:*"
)
"""That of an author's pages while they are written: development servers and editors on this machine may show them in a
frame or a window of theirs. Scripts are as free as with `AUTHOR` and no freer: what works here works there.
"""
STRICT: Final = PagePolicy(csp=STRICT_CSP, coop="same-origin", referrer="no-referrer").headers()
"""The headers of the package's own pages, and of all that is no page."""


def _csp_for(page: str, frames: str) -> str:
    """Return an author's default policy for a page, which allows the inline scripts that the page's file has."""
    reader = _InlineScripts()
    reader.feed(page)
    reader.close()
    scripts = dict.fromkeys(map(_hash_source, reader.scripts))
    sources = _SCRIPT_SOURCES
    if len(scripts) > MAX_INLINE_SCRIPTS:
        sources += " 'unsafe-inline'"
    elif scripts:
        sources = " ".join((sources, *(("'unsafe-hashes'",) if reader.has_handlers else ()), *scripts))
    return "; ".join((f"script-src {sources}", *_AUTHOR_CSP, f"frame-ancestors {frames}"))


def _hash_source(script: str) -> str:
    """Return what allows one inline script, CSP Level 3 §8.4. Browsers read a page's line ends as line feeds."""
    text = script.replace("\r\n", "\n").replace("\r", "\n")
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class _InlineScripts(HTMLParser):
    """Collects the scripts in a page that have no file of their own, import maps and event handlers included."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.has_handlers = False
        self._open: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") and value:
                self.has_handlers = True
                self.scripts.append(value)
        if tag == "script" and "src" not in dict(attrs):
            self._open = []

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._open.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._open is not None:
            self.scripts.append("".join(self._open))
            self._open = None
