"""What a server whose rooms no page plays answers at `/`."""

from __future__ import annotations

from urllib.request import urlopen

import pytest

from tests.support.live.process import ServerProcess

pytestmark = pytest.mark.live


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "workers"])
def test_a_server_whose_rooms_no_page_plays_names_them_at_the_root(options: tuple[str, ...]) -> None:
    with ServerProcess("tests.support.field_room:Field", *options) as server:
        with urlopen(server.address) as response:
            page: str = response.read().decode()
        assert "<code>field</code>" in page
        assert "--web FOLDER" in page
        with urlopen(f"{server.address}assets/icon.svg") as response:
            assert response.headers["Content-Type"] == "image/svg+xml"
