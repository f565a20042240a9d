"""A real nginx in front of a server, with the configuration that the guide for operators prints."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.support.live.certificates import Authority
from tools.bootstrap import SYSTEM_PATH

if TYPE_CHECKING:
    from collections.abc import Iterator

GUIDE: Final = Path(__file__).resolve().parents[3] / "docs/guide/operate.md"
START_WITHIN_S: Final = 10.0

_CONFIGURATION: Final = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {cert};
        ssl_certificate_key {key};
{locations}
    }}
}}
"""


def printed_locations(server_port: int) -> list[str]:
    """Return the blocks of the guide, for a server on another port than the guide's."""
    return [block.replace("127.0.0.1:8000", f"127.0.0.1:{server_port}") for block in as_printed()]


def as_printed() -> list[str]:
    """Return the blocks of the guide, which belong into a `server` block."""
    return re.findall(r"```nginx\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)


def problems(folder: Path, *locations: str) -> str:
    """Return what `nginx -t` says against location blocks; nothing if it takes them."""
    done = subprocess.run(
        [*_command(folder, free_port(), *locations), "-t"], capture_output=True, text=True, check=False
    )
    return done.stderr if done.returncode or "[warn]" in done.stderr else ""


@contextmanager
def nginx_before(folder: Path, *locations: str) -> Iterator[str]:
    """Run nginx with TLS on a free port, which is not 443, and return its origin."""
    port = free_port()
    with subprocess.Popen(_command(folder, port, *locations), stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(port, process)
            yield f"https://127.0.0.1:{port}"
        finally:
            process.terminate()


def _command(folder: Path, port: int, *locations: str) -> list[str]:
    """Write the configuration, and return the command line of an nginx that uses it."""
    authority = Authority(folder)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder,
            port=port,
            cert=authority.cert,
            key=authority.key,
            user="user root;" if os.geteuid() == 0 else "",  # else its workers cannot write to `folder`
            locations="\n".join(locations),
        )
    )
    program = shutil.which("nginx", path=SYSTEM_PATH)
    assert program is not None, "nginx is missing: make nginx"
    return [program, "-e", "stderr", "-p", str(folder), "-c", str(configuration)]


def free_port() -> int:
    """Return a port of this machine on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    """Return once a process accepts connections."""
    deadline_s = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            raise AssertionError(f"nginx ended: {process.stderr.read() if process.stderr else ''}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nginx does not listen on port {port}")
