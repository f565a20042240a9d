"""The vectors are up to date, and both the server's decoders and the foreign client pass them."""

import json

import msgpack
import pytest

from gameserver.protocol import (
    ClientMessage,
    CloseCode,
    InputCodec,
    Limits,
    ProtocolError,
    ServerMessage,
    decode_client,
    decode_server,
    encode_client,
    encode_server,
)
from gameserver.protocol import messages as m
from gameserver.state.schema import Schema
from gameserver.sync.decode.decoder import DeltaDecoder
from tests.conformance import make_vectors
from tests.support.foreign import client as foreign_client
from tests.support.foreign import view as foreign_view
from tests.support.vectors.json import Case, plain, unplain
from tests.support.vectors.messages import welcome

LIMITS = Limits()


def read(name: str) -> list[Case]:
    cases: list[Case] = json.loads((make_vectors.FOLDER / name).read_text(encoding="utf-8"))
    return cases


def named(case: Case) -> str:
    return f"{case.get('from', '')} {case['name']}".strip()


def test_vectors_are_not_stale() -> None:
    assert make_vectors.main(["--check"]) == 0, "run python -m tests.conformance.make_vectors"


# --- messages


@pytest.mark.parametrize("case", read("messages.json"), ids=named)
def test_message_is_read_and_written_as_the_vector_says(case: Case) -> None:
    data = bytes.fromhex(case["hex"])
    if case["from"] == "client":
        said = decode_client(data, LIMITS)
        items, again = said.to_items(), encode_client(said)
    else:
        decoded = decode_server(data)
        items, again = decoded.to_items(), encode_server(decoded)
    assert plain([case["message"][0], *items]) == case["message"]
    assert (again == data) is not case.get("only_read", False)


def test_vectors_show_every_message() -> None:
    shown = {case["message"][0] for case in read("messages.json")}
    assert shown == {*ClientMessage, *ServerMessage}


@pytest.mark.parametrize("case", read("refused.json"), ids=named)
def test_message_is_refused_with_the_code_that_the_vector_says(case: Case) -> None:
    data = bytes.fromhex(case["hex"])
    inputs = case.get("inputs")
    codec = InputCodec([(one["lo"], one["hi"]) for one in inputs], [one["name"] for one in inputs]) if inputs else None
    with pytest.raises(ProtocolError) as refused:
        decode_client(data, LIMITS, codec) if case["from"] == "client" else decode_server(data)
    assert int(refused.value.code) == case["code"]


@pytest.mark.parametrize("case", [case for case in read("messages.json") if case["from"] == "server"], ids=named)
def test_foreign_client_reads_every_message(case: Case) -> None:
    number, items = foreign_client.read_message(bytes.fromhex(case["hex"]))
    assert plain([number, *items]) == case["message"]


@pytest.mark.parametrize(
    "case",
    [case for case in read("refused.json") if case["from"] == "server" and case["code"] != CloseCode.INVALID_FIELD],
    ids=named,
)
def test_foreign_client_refuses_what_is_no_message(case: Case) -> None:
    with pytest.raises(foreign_client.Broken) as broken:
        foreign_client.read_message(bytes.fromhex(case["hex"]))
    assert broken.value.code == case["code"]


STATES_OF_NO_SERVER = [
    *[bytes.fromhex(case["hex"]) for case in read("refused.json") if case["name"].startswith("STATE ")],
    *[msgpack.packb([17, *items, [], [], [], []]) for items in ((39, 0, 12, None), (40, 0, 11, None))],
]


@pytest.mark.parametrize("data", STATES_OF_NO_SERVER, ids=bytes.hex)
def test_foreign_client_closes_over_a_state_that_no_server_sends(data: bytes) -> None:
    client = foreign_client.Client("race", {})
    client.receive(encode_server(welcome()))
    client.receive(msgpack.packb([17, 40, 0, 12, None, [], [], [], []]))
    with pytest.raises(foreign_client.Broken) as broken:
        client.receive(data)
    assert broken.value.code == CloseCode.INVALID_FIELD
    assert client.view.tick == 40


# --- fields


@pytest.mark.parametrize("case", read("fields.json"), ids=named)
def test_foreign_client_knows_what_codes_mean(case: Case) -> None:
    field = foreign_view.make_field(case["field"])
    for code, value in case["decode"]:
        assert field.takes(code)
        assert field.value(code) == value


# --- deltas


class ServersDecoder:
    """Follows a story with the Python client's decoder."""

    refusal = ProtocolError

    def __init__(self, story: Case) -> None:
        self.decoder = DeltaDecoder(Schema.from_wire(unplain(story["schema"])), story["tick_hz"])
        self.view = self.decoder.empty()

    def take(self, data: bytes) -> None:
        message = decode_server(data)
        assert isinstance(message, m.State)
        self.view = self.decoder.apply(self.view, message)

    def seen(self) -> tuple[int, list[Case]]:
        entities = []
        for index, (kind, table) in enumerate(zip(self.decoder.types, self.view.tables, strict=True)):
            for row, number in enumerate(table.ids.tolist()):
                names = (*kind.numeric, *kind.objects)
                values = dict(zip(names, table.values_at(row), strict=True))
                codes = plain([values[name] for name in kind.fields])
                entities.append({"type": index, "id": number, "codes": codes})
        return self.view.tick, sorted(entities, key=lambda entity: entity["id"])


class ForeignDecoder:
    """Follows a story with the client written from the page."""

    refusal = (foreign_client.Broken, foreign_view.Misfit)

    def __init__(self, story: Case) -> None:
        self.types = foreign_view.read_schema(story["schema"])
        self.tick_hz = story["tick_hz"]
        self.view = foreign_view.View()

    def take(self, data: bytes) -> None:
        _, items = foreign_client.read_message(data)
        self.view = foreign_view.apply_state(self.types, self.tick_hz, self.view, items)

    def seen(self) -> tuple[int, list[Case]]:
        entities = sorted(self.view.entities.items())
        return self.view.tick, [{"type": one.type, "id": number, "codes": one.codes} for number, one in entities]


@pytest.mark.parametrize("story", read("deltas.json"), ids=named)
@pytest.mark.parametrize("decoder_type", [ServersDecoder, ForeignDecoder])
def test_story_is_seen_as_it_was_written(
    decoder_type: type[ServersDecoder] | type[ForeignDecoder], story: Case
) -> None:
    decoder = decoder_type(story)
    expected: tuple[int, list[Case]] = (0, [])
    for number, step in enumerate(story["steps"]):
        data = bytes.fromhex(step["hex"])
        if "refuse" in step:
            with pytest.raises(decoder.refusal):
                decoder.take(data)
        else:
            decoder.take(data)
            expected = (step["tick"], step["entities"])
        assert decoder.seen() == expected, f"step {number}: {step.get('refuse', step['hex'])}"


def test_stories_meet_every_way_to_name_entities_and_every_kind_of_field() -> None:
    forms: set[type] = set()
    blocks = 0
    for story in read("deltas.json"):
        for step in story["steps"]:
            if "refuse" in step:
                continue
            *_, changes, values = foreign_client.read_message(bytes.fromhex(step["hex"]))[1]
            forms |= {type(change[1]) for change in changes} | {type(value[2]) for value in values}
            blocks = max(blocks, len(changes))
    assert {bytes, list, type(None)} <= forms
    assert blocks >= 2
    types = [one for story in read("deltas.json") for one in story["schema"]["entities"]]
    kinds = {field["kind"] for one in types for field in one["fields"]}
    assert kinds == {"float", "angle", "int", "flag", "choice", "ref", "text", "list"}
