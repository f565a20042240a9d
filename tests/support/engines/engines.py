"""JavaScript engines other than V8: Firefox, WebKitGTK's browser and the shell `jsc`, and a server for their pages."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONG: Final = os.environ.get("GAMESERVER_TEST_ENGINES", "") == "long"
"""Whether to run the long form, in every engine."""
_PREFERENCES: Final = """\
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
user_pref("app.update.enabled", false);
user_pref("media.autoplay.default", 0);
"""
_MINI_BROWSERS: Final = "/usr/lib/*/webkit2gtk-4.*/MiniBrowser"


class Reports:
    """Serves a folder, and takes what its pages report with POST."""

    def __init__(self, address: str, reports: queue.SimpleQueue[bytes]) -> None:
        self.address = address
        self._reports = reports

    def next(self, timeout_s: float) -> bytes:
        """Wait for a report.

        Raises:
            queue.Empty: None came in time.
        """
        return self._reports.get(timeout=timeout_s)


@contextmanager
def serving(folder: Path) -> Iterator[Reports]:
    """Serve a folder to pages until the end of the block."""
    reports: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    class Handler(SimpleHTTPRequestHandler):
        def do_POST(self) -> None:
            reports.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Reports(f"http://127.0.0.1:{server.server_port}", reports)
    finally:
        server.shutdown()
        server.server_close()


def firefox() -> str | None:
    """Return the path of Firefox, None if there is none."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


def webkit() -> str | None:
    """Return the path of WebKitGTK's small browser; None without it, or without a screen for it."""
    if shutil.which("Xvfb") is None:
        return None
    return next(map(str, sorted(Path("/").glob(_MINI_BROWSERS.removeprefix("/")))), None)


def jsc() -> str | None:
    """Return the path of JavaScriptCore's shell, None if there is none."""
    return shutil.which("jsc")


def program_of(engine: Callable[[], str | None]) -> str:
    """Return the path of an engine; without it, skip the test, which fails in the long form."""
    found = engine()
    if found is None:
        assert not LONG, f"{engine.__name__} is not installed"
        pytest.skip(f"{engine.__name__} is not installed; make test-engines installs it")
    return found


@contextmanager
def browsing(program: str, url: str) -> Iterator[None]:
    """Show a page until the end of the block, in a browser with an empty profile."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        environment: dict[str, Any] = {**os.environ, "HOME": profile, "XDG_RUNTIME_DIR": profile}
        if "firefox" in Path(program).name:
            Path(profile, "user.js").write_text(_PREFERENCES)
            command = [program, "--headless", "--no-remote", "--profile", profile, url]
        else:
            environment["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"  # pages of this repository only
            command = ["xvfb-run", "--auto-servernum", program, "--private", url]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, env=environment, start_new_session=True, stdout=quiet, stderr=quiet)
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
