"""The command line where it meets the operating system's sockets."""

import socket

import pytest

from gameserver.cli import main

pytestmark = pytest.mark.live


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", None), ("203.0.113.7", 0), ("nosuchhost.invalid", 0)])
def test_an_address_that_cannot_be_bound_is_one_line(
    host: str, port: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1] if port is None else port
        with pytest.raises(SystemExit) as ended:
            main(["run", "--host", host, "--port", str(port)])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.startswith(f"gameserver: {host} port {port}: ")
    assert said.count("\n") == 1
