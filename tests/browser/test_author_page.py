"""A page of an author's own, given with --web: what games do works, and what other players inject does not run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.live.folder_server import serving_folder
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FIXTURES = Path(__file__).parent / "fixtures"
ROOM = "tests.support.live.worker_rooms:Small"
WORKS = {
    "inline script",
    "event handler",
    "import map",
    "inline styles",
    "blob image",
    "blob worker",
    "worker",
    "WebAssembly",
    "functions from text",
    "library from elsewhere",
    "data from elsewhere",
    "log-in window",
}


def results(page: Page, address: str, elsewhere: str) -> dict[str, Any]:
    page.goto(f"{address}?elsewhere={elsewhere}")
    page.wait_for_function("() => window.results?.finished")
    page.get_by_text("Log in").click()
    page.wait_for_function("() => 'log-in window' in window.results", timeout=5_000)
    found: dict[str, Any] = page.evaluate("results")
    return found


def test_what_games_do_works_and_what_others_inject_does_not_run(browser: Browser) -> None:
    with (
        serving_folder(FIXTURES / "elsewhere") as elsewhere,
        ServerProcess(ROOM, "--web", str(FIXTURES / "author_page")) as server,
        browser.new_context() as context,
    ):
        found = results(context.new_page(), server.address, elsewhere)
        assert {name: found.get(name) for name in WORKS} == dict.fromkeys(WORKS, True)
        assert "injected" not in found


def test_an_operator_s_own_policy_takes_the_place_of_the_default(browser: Browser) -> None:
    policy = "default-src 'self'; script-src 'self' 'unsafe-inline'"
    isolation = ("--coop", "same-origin", "--coep", "require-corp")
    with (
        ServerProcess(ROOM, "--web", str(FIXTURES / "author_page"), "--csp", policy, *isolation) as server,
        browser.new_context() as context,
    ):
        page = context.new_page()
        page.goto(f"{server.address}?elsewhere=http://127.0.0.1:1")
        page.wait_for_function("() => window.results?.finished")
        found = page.evaluate("results")
        assert found["inline script"] is True
        assert found["worker"] is True
        assert found["WebAssembly"] is not True
        assert found["library from elsewhere"] is not True
        assert page.evaluate("crossOriginIsolated") is True
