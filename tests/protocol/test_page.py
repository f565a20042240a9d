"""The tables of protocol.md are those of the code, and the codec reads and writes its worked examples."""

import re

import msgpack
import pytest

from gameserver.protocol import (
    CLOSE,
    SUBPROTOCOL,
    ClientMessage,
    Limits,
    ProtocolError,
    ServerMessage,
    decode_client,
    decode_server,
    encode_client,
    encode_server,
)
from gameserver.protocol.constants import MAX_PAYLOAD_DEPTH, MAX_SERVER_DEPTH, WEBSOCKET_PATH, limit_rows
from gameserver.protocol.items import Array, Item, Row
from gameserver.protocol.specs import CLIENT_MESSAGES, LIMIT_KEYS, SERVER_MESSAGES, WELCOME_KEYS, MessageSpec
from tests.support.protocol_page import Example, examples, section, tables


def notation(spec: MessageSpec) -> str:
    """Write a message's array as §3 does."""
    parts = [str(int(spec.id)), *map(item_notation, spec.items)]
    for at in range(spec.may_lack):
        parts[-1 - at] += "?"
    if spec.rest:
        parts.append(f"{spec.rest.name}1, …, {spec.rest.name}n")
    return f"[{', '.join(parts)}]"


def item_notation(item: Item) -> str:
    match item:
        case Item("items", Array(Row() as row)):
            return f"[{row.notation}, …]"
        case _:
            return item.name


@pytest.mark.parametrize(("table", "specs"), [(0, CLIENT_MESSAGES), (1, SERVER_MESSAGES)], ids=["client", "server"])
def test_message_tables_are_the_specs(table: int, specs: tuple[MessageSpec, ...]) -> None:
    on_page = [row[:3] for row in tables(3)[table]]
    assert on_page == [[f"`{int(spec.id)}`", spec.name, f"`{notation(spec)}`"] for spec in specs]


def test_welcome_table_names_every_key_in_order() -> None:
    on_page = [name for row in tables(3)[4] for name in re.findall(r"`(\w+)`", row[0])]
    assert on_page == [item.name for item in WELCOME_KEYS]


def test_limits_of_welcome_are_named_in_order() -> None:
    on_page = [name for row in tables(3)[5] for name in re.findall(r"`(\w+)`", row[0])]
    assert on_page == [item.name for item in LIMIT_KEYS]


def test_close_table_is_the_code() -> None:
    assert tables(10)[0] == [[str(code), name, meaning, back] for code, name, meaning, back in CLOSE.values()]


def test_limits_table_is_the_code() -> None:
    assert tables(11)[0] == [[f"`{row.name}`", f"{row.default:.10g}", row.counts] for row in limit_rows()]


def test_page_names_the_subprotocol_the_path_and_the_depths() -> None:
    assert f"`{SUBPROTOCOL}`" in section(1)
    assert f"`{WEBSOCKET_PATH}`" in section(1)
    assert f"nests at most {MAX_PAYLOAD_DEPTH} arrays" in section(2)
    assert f"nests at most {MAX_SERVER_DEPTH} arrays" in section(3)


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.notation[:24])
def test_example_is_what_the_codec_reads_and_writes(example: Example) -> None:
    if example.array[0] in set(ClientMessage):
        client = decode_client(example.data, Limits())
        assert encode_client(client) == example.data
        assert [example.array[0], *client.to_items()] == example.array
    else:
        server = decode_server(example.data)
        assert encode_server(server) == example.data
        assert [example.array[0], *map(plain, server.to_items())] == example.array


def plain(item: object) -> object:
    """Return an item with tuples as lists, as the wire has them."""
    return [plain(part) for part in item] if isinstance(item, (list, tuple)) else item


def test_every_message_has_an_example() -> None:
    shown = {example.array[0] for example in examples()}
    assert shown == {*ClientMessage, *ServerMessage}


def test_reason_of_a_refusal_on_the_page_is_what_the_codec_says() -> None:
    with pytest.raises(ProtocolError) as refused:
        decode_client(msgpack.packb([3, 300, "abc", 0, 0]), Limits())
    assert f"`{refused.value.reason}`" in section(9).replace("\n", " ").replace("   ", " ")
