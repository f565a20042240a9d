"""Pages that are not the server's: with empty and strange origins, and with a name that resolves to the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gameserver.protocol.constants import CloseCode
from tests.support.attack.attack import Attack, main
from tests.support.attack.target import address, leave, refusal, welcome

if TYPE_CHECKING:
    from tests.support.attack.target import Target

ORIGINS: Final = (
    *(
        "",
        "null",
        "http:",
        "https://",
        "data:x",
        "javascript:alert(1)",
        "file://",
        "evil.example",
        "http://evil.example",
    ),
    *(
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
        "http://localhost:1",
        "http://[::1",
        "*",
        "\xff",
    ),
)
HOSTS: Final = (
    "evil.example",
    "127.0.0.1.evil.example",
    "evil.example:{port}",
    "",
    "a b",
    "[::1",
    "127.0.0.1@evil.example",
)
PATHS: Final = ("/", "/metrics", "/api/rooms", "/sdk/index.js")


async def enter(target: Target, source: str, *lines: str, host: str | None = None) -> None:
    """Open a WebSocket as a page does. Raises Refused if the server does not let it in."""
    wire = await target.wire(source, request=target.upgrade(*lines, host=host))
    await wire.send(1, "arena", None, 0, {})
    await welcome(wire)
    await leave(wire)


async def attack(target: Target) -> str:
    """Try each origin and each host, and see that none is let in but the server's own."""
    scheme = "https" if target.secure else "http"
    own = f"{target.host}:{target.port}"
    assert await refusal(enter(target, address(0), f"Origin: {scheme}://{own}")) is None, "the server's own page"
    for number, origin in enumerate(ORIGINS):
        code = await refusal(enter(target, address(number), f"Origin: {origin}"))
        assert code == CloseCode.FORBIDDEN, f"a page of {origin!r} got {code}"
    hosts = [host.format(port=target.port) for host in HOSTS]
    for number, host in enumerate(hosts):
        code = await refusal(enter(target, address(number), f"Origin: {scheme}://{host}", host=host))
        assert code in (CloseCode.FORBIDDEN, 400, 421), f"a page of the host {host!r} got {code}"
        for path in PATHS:
            status, _, _ = await target.get(path, source=address(number), host=host)
            assert status in (400, 421), f"{path} of the host {host!r} got {status}"
    return f"{len(ORIGINS)} origins and {len(hosts)} hosts were refused, and the server's own was not"


ATTACK: Final = Attack("foreign_pages", "pages of other origins, and names that resolve to the server", attack)

if __name__ == "__main__":
    main(ATTACK)
