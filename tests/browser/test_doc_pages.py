"""The pages and scripts of README, the SDK's README and the guides, in Chromium as printed: each shows its game."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.support.live.folder_server import serving_folder
from tests.support.live.terminal import Terminal
from tests.support.page_blocks import Block, blocks_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

DRAWN: Final = """() => {
  const canvas = document.querySelector("canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value) => value !== 0);
}"""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.stop()


@pytest.fixture
def errors(page: Page) -> list[str]:
    """What went wrong in the page."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def of(page: str, language: str) -> list[Block]:
    return [block for block in blocks_in(language) if block.page == page]


def test_every_page_with_scripts_is_run() -> None:
    pages = {block.page for language in ("html", "js") for block in blocks_in(language)}
    pages.remove("docs/guide/tutorial.md")  # tests/browser/test_tutorial.py has it
    pages.remove("docs/guide/typescript.md")  # tests/docs/test_typescript.py has it
    guides = {"docs/guide/matchmaking.md", "docs/guide/operate.md"}
    elsewhere = {"docs/transports.md"}  # tests/browser/test_watching.py
    assert pages == {"README.md", "client_demo/sdk/README.md", *guides, *elsewhere}


def test_the_page_of_the_readme_shows_its_game(page: Page, terminal: Terminal, errors: list[str]) -> None:
    terminal.save("README.md")
    terminal.serve("gameserver run mygame:Tag --web mypage/")
    page.goto(f"http://127.0.0.1:{terminal.port}/")
    page.wait_for_function(DRAWN)
    before = page.screenshot()
    page.keyboard.down("ArrowRight")
    page.wait_for_timeout(500)
    page.keyboard.up("ArrowRight")
    assert page.screenshot() != before, "the dot has moved"
    assert errors == []


def test_the_sdk_s_page_with_all_of_its_scripts(page: Page, terminal: Terminal, errors: list[str]) -> None:
    (html,) = of("client_demo/sdk/README.md", "html")
    folder = terminal.folder / "page"
    folder.mkdir()
    (folder / "index.html").write_text(html.source)
    scripts = [block.source for block in of("client_demo/sdk/README.md", "js")]
    (folder / "game.js").write_text("\n".join(scripts))
    terminal.serve("gameserver run --web page")
    page.goto(f"http://127.0.0.1:{terminal.port}/")
    page.wait_for_function(DRAWN)
    page.wait_for_function("() => document.title === 'joined'")
    page.keyboard.down(" ")
    page.wait_for_timeout(500)
    page.keyboard.up(" ")
    assert errors == []


def test_the_scripts_for_a_page_from_elsewhere_join_with_a_token(
    page: Page, terminal: Terminal, errors: list[str]
) -> None:
    terminal.save("docs/guide/operate.md")
    (terminal.folder / "auth.toml").write_text('algorithm = "HS256"\nkey_file = "secret.key"\n')
    (terminal.folder / "secret.key").write_text("k" * 32)
    token = terminal.run("gameserver token auth.toml name=Ada").strip()
    script = "\n".join([block.source for block in of("docs/guide/operate.md", "js")])
    script = script.replace("localhost:8000", f"localhost:{terminal.port}")
    script += '\nsession.joined.then(() => (document.title = "joined"));'
    folder = terminal.folder / "elsewhere"
    (folder / "login").mkdir(parents=True)
    (folder / "login/token").write_text(token)
    (folder / "index.html").write_text(f'<!doctype html><script type="module">{script}</script>')
    with serving_folder(folder) as elsewhere:
        terminal.serve(f"gameserver run mygame:Tag --auth auth.toml --origin {elsewhere}")
        page.goto(f"{elsewhere}/")
        page.wait_for_function("() => document.title === 'joined'")
    assert errors == []


def test_the_script_of_the_guide_sees_the_player_go_from_room_to_room(
    page: Page, terminal: Terminal, errors: list[str]
) -> None:
    terminal.save("docs/guide/matchmaking.md")
    printed = "\n".join([block.source for block in of("docs/guide/matchmaking.md", "js")])
    script = f"""
      import {{ connect }} from "/sdk/index.js";
      window.seen = [];
      const showLoading = (kind) => seen.push(`to ${{kind}}`);
      const startScene = (kind) => seen.push(`in ${{kind}}`);
      const session = connect("ws", {{ kind: "paddock" }});
      {printed}
      session.joined.then(() => session.send("start"));
    """
    folder = terminal.folder / "page"
    folder.mkdir()
    (folder / "index.html").write_text(f'<!doctype html><script type="module">{script}</script>')
    terminal.serve("gameserver run cup:Paddock cup:Cup --web page")
    page.goto(f"http://127.0.0.1:{terminal.port}/")
    page.wait_for_function("() => seen.includes('in cup')")
    assert page.evaluate("() => seen") == ["in paddock", "to cup", "in cup"]
    assert errors == []
