"""What Linux alone has is named when a server starts elsewhere, and all else works: the names that macOS and Windows do
not have are taken away before the package is imported.
"""

import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from tests.support.source import ROOT

START_TIMEOUT_S: Final = 20.0
MACOS: Final = {"select": ("epoll", "EPOLLIN"), "socket": ("MSG_CMSG_CLOEXEC", "TCP_NOTSENT_LOWAT")}
WINDOWS: Final = {
    "select": ("epoll", "EPOLLIN"),
    "socket": ("MSG_CMSG_CLOEXEC", "TCP_NOTSENT_LOWAT", "CMSG_SPACE", "CMSG_LEN", "SCM_RIGHTS", "MSG_CTRUNC"),
    "signal": ("SIGHUP",),
    "os": ("getuid", "geteuid", "sched_getaffinity"),
}
ELSEWHERE: Final = """\
import importlib, multiprocessing, sys, types
import trio, rich.console, cyclopts
real = {{name: importlib.import_module(name) for name in {missing!r}}}
for name, attributes in {missing!r}.items():
    module = types.ModuleType(name)
    module.__dict__.update((key, value) for key, value in vars(real[name]).items() if key not in attributes)
    sys.modules[name] = module  # the package imports this one; trio, imported before, has the real one
sys.argv = ["gameserver", *{arguments!r}]
from gameserver.cli import main
main()
"""


def command(missing: dict[str, tuple[str, ...]], *arguments: str) -> list[str]:
    return [sys.executable, "-c", ELSEWHERE.format(missing=missing, arguments=list(arguments))]


@contextmanager
def running(missing: dict[str, tuple[str, ...]], *arguments: str) -> Iterator[list[str]]:
    """Run the command, and yield the first two lines that it prints."""
    with subprocess.Popen(command(missing, *arguments), cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield [process.stdout.readline() for _ in range(2)]
        finally:
            process.kill()


def players(address: str) -> int:
    with urllib.request.urlopen(address + "metrics", timeout=START_TIMEOUT_S) as response:
        found = re.search(r"^gameserver_room_players(?:{.*})? (\d+)", response.read().decode(), re.MULTILINE)
        return int(found[1]) if found else 0


@pytest.mark.live
@pytest.mark.parametrize("missing", [MACOS, WINDOWS], ids=["macOS", "Windows"])
def test_without_what_only_linux_has_a_server_says_so_and_plays(missing: dict[str, tuple[str, ...]]) -> None:
    with running(missing, "run", "--port", "0", "--bots", "2") as (serving, named):
        address = re.search(r"http://[\w.]+:\d+/", serving)
        assert address is not None, serving
        assert named == f"{sys.platform} has no epoll: links use the ordinary transport, with more CPU\n"
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while players(address[0]) < 2:
            assert time.monotonic() < deadline_s, "the bots have not joined"
            time.sleep(0.1)


@pytest.mark.live
@pytest.mark.parametrize("missing", [MACOS, WINDOWS], ids=["macOS", "Windows"])
def test_workers_are_refused_at_the_start_in_one_line(missing: dict[str, tuple[str, ...]]) -> None:
    done = subprocess.run(
        command(missing, "run", "--port", "0", "--workers", "2"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert f"--workers needs Linux: on {sys.platform}" in line
