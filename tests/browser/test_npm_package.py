"""The SDK as an npm package, in a new project with Vite and TypeScript: packed, installed, type-checked, built, played.

The project is made of the files that docs/guide/typescript.md says to save. What the package depends on, Vite, React
and PixiJS are those of this checkout's node_modules, so nothing is downloaded.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.support.live.process import GAMESERVER, ServerProcess
from tests.support.page_blocks import BLOCKS, blocks_in
from tests.support.source import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

PAGE = "docs/guide/typescript.md"
SDK = ROOT / "client_demo/sdk"
MODULES = ROOT / "node_modules"
OF_THE_CHECKOUT = ("@types", "pixi.js", "react", "react-dom", "vite")
COMPILER_OPTIONS = {
    "target": "ES2022",
    "module": "ESNext",
    "moduleResolution": "Bundler",
    "lib": ["ES2022", "DOM", "DOM.Iterable"],
    "types": ["node"],
    "jsx": "react-jsx",
    "strict": True,
    "noUnusedLocals": True,
    "noEmit": True,
    "skipLibCheck": False,
}
"""Stricter than Vite's own templates: the package's types are checked too."""
DRAWN = """() => {
  const canvas = document.querySelector("canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value) => value !== 0);
}"""
WORKER = """
import { connect } from "trio-gameserver-sdk";

const session = connect("/ws", { kind: "tag", params: { name: "Worker" } });
session.joined.then(({ room }) => postMessage(room));
"""
OF_THE_WORKER = """
const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
worker.onmessage = ({ data }) => (document.title = `in ${data}`);
"""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def visit(page: Page, served: ServerProcess) -> Iterator[Callable[[str], Page]]:
    """Opens a page of the project; at the end none may have raised an error, or broken the server's policy."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.extend([message.text] if "Security" in message.text else []))

    def open_page(name: str) -> Page:
        page.goto(served.address + name)
        return page

    yield open_page
    assert errors == []


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page's command makes of the SDK, with the checkout's npm settings: in a copy, as it writes into it."""
    folder = tmp_path_factory.mktemp("pack")
    (folder / "node_modules").symlink_to(MODULES)
    for name in (".npmrc", "package.json"):
        shutil.copy(ROOT / name, folder)
    left_out = shutil.ignore_patterns("types", "*.tgz")
    copy = shutil.copytree(SDK, folder / "client_demo/sdk", ignore=left_out)
    shell = "".join(block.source for block in blocks_in("sh") if block.page == PAGE)
    (command,) = [line for line in shell.splitlines() if line.startswith("npm pack")]
    run(*command.split(), cwd=folder)
    assert copy.is_dir()
    (packed,) = folder.glob("*.tgz")
    return packed


def depends_on(package: Path) -> list[str]:
    with tarfile.open(package) as archive:
        described = archive.extractfile("package/package.json")
        assert described is not None
        return list(json.load(described)["dependencies"])


@pytest.fixture(scope="module")
def project(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of the page, in which npm has installed the package."""
    folder = tmp_path_factory.mktemp("project")
    for block in BLOCKS:
        if block.page == PAGE and block.saved_as:
            path = folder / block.saved_as
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.source)
    taken = {name: f"file:{MODULES / name}" for name in depends_on(package)}
    needs = {"dependencies": {"trio-gameserver-sdk": f"file:{package}"}, "overrides": taken}
    (folder / "package.json").write_text(json.dumps({"type": "module", "private": True, **needs}))
    run("npm", "install", "--offline", "--no-audit", "--no-fund", f"--cache={folder / '.npm'}", cwd=folder)
    for name in OF_THE_CHECKOUT:  # afterwards: npm removes what it has not put there
        (folder / "node_modules" / name).symlink_to(MODULES / name)
    options = {"compilerOptions": COMPILER_OPTIONS, "include": ["src", "vite.config.ts"]}
    (folder / "tsconfig.json").write_text(json.dumps(options))
    (folder / "src/tag.d.ts").write_text(run(GAMESERVER, "types", "mygame:Tag", cwd=folder))
    (folder / "src/worker.ts").write_text(WORKER)
    (folder / "src/with_worker.ts").write_text(OF_THE_WORKER)
    for name in ("pixi.ts", "react.tsx", "with_worker.ts"):
        page = f'<!doctype html>\n<body><script type="module" src="/src/{name}"></script>\n'
        (folder / f"{name.partition('.')[0]}.html").write_text(page)
    return folder


def build(project: Path, *options: str) -> None:
    """Build pages into `dist`; Vite may warn of nothing."""
    assert run(MODULES / ".bin/vite", "build", "--logLevel", "warn", *options, cwd=project) == ""


@pytest.fixture(scope="module")
def served(project: Path) -> Iterator[ServerProcess]:
    """The project, checked, built, and served with its game."""
    run(MODULES / ".bin/tsc", "-p", ".", cwd=project)
    build(project)
    others = {page.stem: page.name for page in project.glob("*.html") if page.stem != "index"}
    options = {"emptyOutDir": False, "rollupOptions": {"input": others}, "chunkSizeWarningLimit": 2000}
    config = f"export default {{ build: {{ target: 'es2022', ...{json.dumps(options)} }} }};"  # for a top-level await
    (project / "others.config.ts").write_text(config)
    build(project, "--config", "others.config.ts")
    with ServerProcess("mygame:Tag", "--web", "dist", folder=project) as server:
        yield server


def test_the_package_has_the_modules_their_types_and_maps(package: Path) -> None:
    with tarfile.open(package) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}
    modules = {path.name for path in SDK.glob("*.js")}
    types = {f"types/{name.removesuffix('.js')}.d.ts" for name in modules}
    assert "types/index.d.ts" in names
    assert names == modules | types | {f"{name}.map" for name in types} | {"LICENSE", "README.md", "package.json"}


def test_its_version_is_the_server_s() -> None:
    from gameserver import __version__

    assert json.loads((SDK / "package.json").read_text())["version"] == __version__


def test_the_types_lead_to_the_sources(project: Path) -> None:
    types = project / "node_modules/trio-gameserver-sdk/types"
    source = json.loads((types / "session.d.ts.map").read_text())["sources"]
    assert [(types / path).resolve().name for path in source] == ["session.js"]
    assert all((types / path).exists() for path in source)


def test_a_mistake_in_the_project_is_found(project: Path) -> None:
    wrong = (project / "src/main.ts").read_text().replace("dot.it", "dot.ti")
    (project / "src/wrong.ts").write_text(wrong)
    tsc = [str(MODULES / ".bin/tsc"), "-p", "."]
    done = subprocess.run(tsc, cwd=project, capture_output=True, text=True, check=False)
    (project / "src/wrong.ts").unlink()
    assert "src/wrong.ts" in done.stdout
    assert "error TS2339: Property 'ti' does not exist on type 'Dot'." in done.stdout
    assert done.stdout.count("error TS") == 1


def test_it_is_built_and_played(visit: Callable[[str], Page], project: Path) -> None:
    page = visit("")
    page.wait_for_function(DRAWN)
    page.wait_for_function("() => document.title === 'Ada: hello'")
    assert list((project / "dist/assets").glob("*.js.map")), "built with source maps"


def test_react_shows_what_happens(visit: Callable[[str], Page]) -> None:
    page = visit("react.html")
    page.get_by_role("button", name="Shout").click()
    page.get_by_role("listitem").filter(has_text="React: hello").wait_for()
    page.wait_for_function(DRAWN)


def test_pixi_draws_a_shape_for_each_entity(visit: Callable[[str], Page]) -> None:
    page = visit("pixi.html")
    page.wait_for_function("() => /^[1-9][0-9]* dots$/.test(document.title)")


def test_a_worker_joins(visit: Callable[[str], Page]) -> None:
    page = visit("with_worker.html")
    page.wait_for_function("() => document.title.startsWith('in ')")


def test_node_joins(served: ServerProcess, project: Path) -> None:
    said = run("node", "bot.mjs", served.url, cwd=project)
    assert said.split()[1:] == ["tagged", "Node"]


def test_node_loads_the_step_that_the_server_serves(project: Path) -> None:
    script = """
import { connect } from "trio-gameserver-sdk/node";
const session = connect(process.argv[2], { kind: "arena", params: { name: "Node" } });
await session.joined;
session.controls = { thrust: true };
setInterval(() => {
  session.draw();
  if (!session.stats.predicting) return;
  console.log("predicts");
  process.exit();
}, 16);
"""
    (project / "predict.mjs").write_text(script)
    with ServerProcess() as server:
        assert run("node", "predict.mjs", server.url, cwd=project) == "predicts\n"


def test_what_can_be_imported_is_what_is_meant_to_be(project: Path) -> None:
    command = ["node", "--input-type=module", "-e", 'import "trio-gameserver-sdk/session.js"']
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert "ERR_PACKAGE_PATH_NOT_EXPORTED" in done.stderr
