"""What an author's page may do by default: its own inline scripts run, and no others."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.net.http.policy import AUTHOR, MAX_INLINE_SCRIPTS, STRICT, PagePolicy, PolicyError

CSP = "Content-Security-Policy"


def script_sources(page: str) -> list[str]:
    directives = dict(AUTHOR.headers(page))[CSP].split("; ")
    (found,) = [directive for directive in directives if directive.startswith("script-src ")]
    return found.split(" ")[1:]


def hash_of(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def test_inline_scripts_of_the_file_are_allowed_by_their_hash() -> None:
    page = """<!doctype html><title>A game</title>
    <script type=importmap>{"imports": {"three": "https://cdn.example/three.js"}}</script>
    <SCRIPT type="module">
      if (1 < 2 && "</b>") document.title = "ü &amp; so";
    </SCRIPT>
    <script src="game.js">ignored</script>"""
    sources = script_sources(page)
    assert hash_of('{"imports": {"three": "https://cdn.example/three.js"}}') in sources
    assert hash_of('\n      if (1 < 2 && "</b>") document.title = "ü &amp; so";\n    ') in sources
    assert sum(source.startswith("'sha256-") for source in sources) == 2
    assert not {"'unsafe-inline'", "'unsafe-hashes'"} & set(sources)


def test_event_handlers_of_the_file_are_allowed_as_browsers_read_them() -> None:
    sources = script_sources('<button onclick="start(&quot;now&quot;)">Start</button><body onload>')
    assert hash_of('start("now")') in sources
    assert "'unsafe-hashes'" in sources


def test_line_ends_are_hashed_as_browsers_read_them() -> None:
    assert hash_of("\na\nb\nc") in script_sources("<script>\r\na\r\nb\rc</script>")


def test_a_page_without_inline_scripts_allows_none() -> None:
    assert script_sources("<h1>Hi</h1>") == ["'self'", "http:", "https:", "blob:", "'unsafe-eval'"]


def test_the_header_stays_small_whatever_a_page_has() -> None:
    def page_with(count: int) -> str:
        return "".join(f"<script>{number}</script>" for number in range(count))

    for count, inline in ((MAX_INLINE_SCRIPTS, False), (MAX_INLINE_SCRIPTS + 1, True), (1_000, True)):
        headers = dict(AUTHOR.headers(page_with(count)))
        assert ("'unsafe-inline'" in headers[CSP].split("; ")[0]) is inline
        assert sum(len(name) + len(value) + 4 for name, value in headers.items()) < 3_000


def test_an_operator_s_own_policy_is_sent_as_it_is() -> None:
    page = "<script>1</script>"
    assert dict(PagePolicy(csp="default-src 'self'").headers(page))[CSP] == "default-src 'self'"
    assert CSP not in dict(PagePolicy(csp="none").headers(page))
    isolated = dict(PagePolicy(coop="same-origin", coep="require-corp").headers(page))
    assert isolated["Cross-Origin-Opener-Policy"] == "same-origin"
    assert isolated["Cross-Origin-Embedder-Policy"] == "require-corp"


@pytest.mark.parametrize("text", ["", "a\r\nX: y", "caf\xe9"])
def test_a_policy_that_is_no_header_is_refused(text: str) -> None:
    with pytest.raises(PolicyError, match="write a policy in one line"):
        PagePolicy(csp=text)


def test_the_package_s_own_pages_have_nothing_inline() -> None:
    assert "script-src" not in dict(STRICT)[CSP]
    assert "default-src 'self'" in dict(STRICT)[CSP]
    assert "unsafe" not in dict(STRICT)[CSP]


@given(st.text(max_size=200))
def test_any_page_gets_a_header(page: str) -> None:
    value = dict(AUTHOR.headers(f"<script>{page}<b onclick='{page}'>"))[CSP]
    assert value.isascii()
    assert value.isprintable()
