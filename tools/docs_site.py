"""Makes the documentation site: `make docs` and `make docs-serve` run it.

    python tools/docs_site.py build     build/site/html; a warning is an error
    python tools/docs_site.py serve     the same pages on http://localhost:8001/; run it again after a change

The pages are those of docs/ and the other pages of this repository, at the places in `PAGES`. Links between them go on
to work; links to source files become plain text. The reference of the Python package is made from its docstrings, that
of the SDK from its JSDoc. `mkdocs.yml` has the rest: the order of the pages, and how they look.
"""

import importlib
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/site"
SDK_REFERENCE = ROOT / "tools/sdk_reference"
ADDRESS = "localhost:8001"

PAGES = {
    "README.md": "quick-start.md",
    "docs/README.md": "index.md",
    "protocol.md": "protocol.md",
    "CHANGELOG.md": "changelog.md",
    "bench/README.md": "benchmarks.md",
    "client_demo/README.md": "demo.md",
    "client_demo/sdk/README.md": "sdk.md",
}
"""Pages that have another place in the site than in docs/."""

OF_FIELDS = ("bind", "encode", "encode_all", "decode", "decode_all", "spec", "freeze", "thaw", "known_items")
"""What the encoders call of fields, and authors do not."""

MODULES = (
    "gameserver",
    "gameserver.testing",
    "gameserver.testing.machine",
    "gameserver.testing.pytest_plugin",
    "gameserver.gym",
    "gameserver.client",
    "gameserver.match",
    "gameserver.bots",
    "gameserver.server",
    "gameserver.geometry",
    "gameserver.shared_math",
)
"""The modules that authors import from, in the order of the reference."""

FENCE = re.compile(r"^ *(?:```|~~~)")
LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^][]|\[[^]]*\]\([^)]*\))*)\]\((?P<target>[^()\s]+)\)")
OUTSIDE = re.compile(r"[a-z]+:")


def places() -> dict[Path, str]:
    """Return the place in the site of every page and picture."""
    found = {ROOT / source: place for source, place in PAGES.items()}
    docs = ROOT / "docs"
    for path in sorted(docs.rglob("*")):
        if path.is_file():
            found.setdefault(path, path.relative_to(docs).as_posix())
    found[ROOT / "client_demo/assets/icon.svg"] = "images/icon.svg"
    return found


def title(page: Path) -> str:
    """Return the first heading of a page."""
    return page.read_text("utf-8").splitlines()[0].lstrip("# ")


def rewritten(text: str, source: Path, known: dict[Path, str]) -> str:
    """Return a page with the links that it has in the site.

    Args:
        text: The page.
        source: Its file.
        known: The places of all pages.
    """

    def link(match: re.Match[str]) -> str:
        path, hash_, anchor = match["target"].partition("#")
        if not path or OUTSIDE.match(path):
            return match[0]
        place = known.get((source.parent / path).resolve())
        if place is None:
            return match["text"]
        to = os.path.relpath(place, Path(known[source]).parent)
        named = title(source.parent / path) if match["text"].endswith(path) and path.endswith(".md") else match["text"]
        return f"{match['image']}[{named}]({to}{hash_}{anchor})"

    lines, fenced = [], False
    for paragraph in re.split(r"(^ *(?:```|~~~).*$)", text, flags=re.MULTILINE):
        if FENCE.match(paragraph):
            fenced = not fenced
        lines.append(paragraph if fenced or FENCE.match(paragraph) else LINK.sub(link, paragraph))
    return "".join(lines)


def collect(to: Path) -> None:
    """Copy the pages and pictures into a folder, with their links rewritten."""
    known = places()
    for source, place in known.items():
        target = to / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            target.write_text(rewritten(source.read_text("utf-8"), source, known), encoding="utf-8")
        else:
            shutil.copyfile(source, target)


def public_names(module: str) -> list[str]:
    """Return what a module offers, in the order of its `__all__`."""
    loaded = importlib.import_module(module)
    return list(getattr(loaded, "__all__", [])) or [
        name
        for name, value in vars(loaded).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module
    ]


def has_module_of_name(module: str, name: str) -> bool:
    """Whether a package has both a module and, from it, something public of one name: then the module hides it."""
    return hasattr(importlib.import_module(module), "__path__") and find_spec(f"{module}.{name}") is not None


def is_of_math(module: str, name: str) -> bool:
    """Whether a module hands on something of Python's `math`, which has no docstring here."""
    return getattr(importlib.import_module(module), name) is getattr(math, name, None)


def python_reference(to: Path) -> Iterator[tuple[str, str]]:
    """Write a page for each module. Yield their names and places."""
    for module in MODULES:
        place = f"api/{module}.md"
        lines = [f"# `{module}`", "", f"::: {module}", "    options:", "      show_root_heading: false"]
        lines += [f"      filters: ['!^_', '!^({'|'.join(OF_FIELDS)})$']", "      show_root_toc_entry: false"]
        lines += ["      members:"]
        hidden = [name for name in public_names(module) if has_module_of_name(module, name)]
        of_math = [name for name in public_names(module) if is_of_math(module, name)]
        lines += [f"        - {name}" for name in public_names(module) if name not in (*hidden, *of_math)]
        if of_math:
            lines += ["", f"{', '.join(f'`{name}`' for name in of_math)}: as in Python's `math`."]
        for name in hidden:
            lines += ["", f"::: {module}.{name}.{name}"]
        (to / place).parent.mkdir(parents=True, exist_ok=True)
        (to / place).write_text("\n".join(lines) + "\n", encoding="utf-8")
        yield module, place


def with_anchors(text: str) -> str:
    """Return TypeDoc's page with anchors of its own: those that it expects are numbered otherwise here."""
    text = re.sub(r"^### (\w+)(.*)$", r"### \1\2 { #sdk-\1 }", text, flags=re.MULTILINE)
    names = set(re.findall(r"\{ #sdk-(\w+) \}", text))
    return re.sub(
        r"\[`(\w+)`\]\(#[\w-]+\)", lambda link: f"[`{link[1]}`](#sdk-{link[1]})" if link[1] in names else link[0], text
    )


def sdk_reference(to: Path) -> tuple[str, str]:
    """Write the page of the SDK. Return its name and place."""
    made = BUILD / "sdk"
    subprocess.run(
        ["node_modules/.bin/typedoc", "--logLevel", "Warn", "--out", str(made)], cwd=SDK_REFERENCE, check=True
    )
    text = "# The browser SDK\n\n" + (made / "README.md").read_text("utf-8")
    (to / "api/sdk.md").write_text(with_anchors(text), encoding="utf-8")
    return "The browser SDK", "api/sdk.md"


def not_named(order: str) -> list[tuple[Path, str]]:
    """Return the pages that an order of pages leaves out, with their places. Decisions are not among them."""
    named = set(re.findall(r"[\w/-]+\.md", order))
    pages = [(path, place) for path, place in places().items() if path.suffix == ".md"]
    return [(path, place) for path, place in pages if place not in named and not place.startswith("decisions/")]


def configuration(references: list[tuple[str, str]]) -> str:
    """Return mkdocs.yml with what is made here: the references and the decisions in its order of pages."""
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    entries = "".join(f'      - "{name}": {place}\n' for name, place in references)
    text = text.replace("      - api/index.md\n", "      - api/index.md\n" + entries)
    listed = "".join(f'      - "{title(path)}": decisions/{path.name}\n' for path in decisions)
    more = "".join(f'      - "{title(path)}": {place}\n' for path, place in not_named(text))
    text = text.replace("  - Changes:", f"  - More:\n{more}  - Changes:") if more else text
    text = text.replace("build/site/", "site/").replace("paths: [.]", "paths: [..]")
    return text.replace("  - Decisions: []\n", "  - Decisions:\n" + listed)


def prepare() -> Path:
    """Put everything into build/site/pages. Return the path of the configuration."""
    shutil.rmtree(BUILD, ignore_errors=True)
    pages = BUILD / "pages"
    pages.mkdir(parents=True)
    collect(pages)
    references = [*python_reference(pages), sdk_reference(pages)]
    listed = "\n".join(f"- [{name if ' ' in name else f'`{name}`'}]({Path(place).name})" for name, place in references)
    (pages / "api/index.md").write_text(f"# Reference\n\nMade from the docstrings and the JSDoc.\n\n{listed}\n")
    config = ROOT / "build/mkdocs.yml"
    config.write_text(configuration(references), encoding="utf-8")
    return config


def main(command: str) -> int:
    """Build or serve the site. Return the exit status."""
    config = prepare()
    how = ["--dev-addr", ADDRESS] if command == "serve" else ["--clean", "--strict"]
    zensical = [str(Path(sys.executable).with_name("zensical")), command, "--config-file", str(config), *how]
    return subprocess.run(zensical, check=False).returncode


if __name__ == "__main__":
    if sys.argv[1:] not in (["build"], ["serve"]):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
