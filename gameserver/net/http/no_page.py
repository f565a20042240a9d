"""The page at `/` of a server whose rooms no page plays: it says so, and what to write. No I/O."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from gameserver.net.http.content_types import HTML
from gameserver.net.http.responses import REVALIDATE, Response, etag_of

if TYPE_CHECKING:
    from collections.abc import Iterable

DEMO_PATHS: Final = {
    "arena": "",
    "hockey": "hockey/",
    "board": "board/",
    "chat": "chat/",
    "dashboard": "dashboard/",
    "notifications": "notifications/",
}
"""Where the package's own pages are, by the kind of room that they play; the first that a server has is at its root."""

# Its addresses are relative: a proxy may serve it below a path.
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="dark">
  <meta name="theme-color" content="#05070f">
  <title>{names} · no page yet</title>
  <link rel="icon" href="assets/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="styles/base.css">
  <link rel="stylesheet" href="styles/no_page.css">
</head>
<body class="no-page">
  <main class="card">
    <p class="state"><span class="lamp"></span>The server runs</p>
    <h1>No page yet for <span class="kinds">{kinds}</span></h1>
    <p>Rooms are open to clients, but the pages that come with the server are for {played}.
      Put a page of your own in a folder:</p>
    <figure><figcaption>FOLDER/index.html</figcaption><pre><code>&lt;!doctype html&gt;
&lt;script type="module"&gt;
import {{ connect }} from "/sdk/index.js";
const session = connect("ws", {{
  kind: "{first}",
}});
&lt;/script&gt;</code></pre></figure>
    <p>and start the server with it:</p>
    <figure><pre><code>gameserver run … <b>--web FOLDER</b></code></pre></figure>
    <p class="links"><a href="sdk/README.md">The SDK for pages</a><a href="api/rooms">The rooms that are open</a></p>
  </main>
</body>
</html>
"""


def no_page(kinds: Iterable[str]) -> Response:
    """Return the page.

    Args:
        kinds: the names of the kinds of room that the server has.
    """
    names = [escape(kind) for kind in sorted(kinds)]
    chips = " ".join(f"<code>{name}</code>" for name in names) or "this server"
    page = _PAGE.format(
        names=", ".join(names) or "gameserver",
        kinds=chips,
        first=names[0] if names else "…",
        played=", ".join(DEMO_PATHS),
    )
    body = page.encode()
    return Response(HTTPStatus.OK, body, HTML, cache=REVALIDATE, etag=etag_of(body))


def page_of(kinds: Iterable[str]) -> str | None:
    """Return where the page that plays one of these kinds is, relative to the root; None: none of them is played."""
    known = set(kinds)
    return next((path for kind, path in DEMO_PATHS.items() if kind in known), None)
