"""What `gameserver types` writes of a room, and what tsc finds with it in TypeScript and in JSDoc."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from gameserver import Event, Room
from gameserver.cli import main
from gameserver.room.kind import make_kind
from gameserver.room.typescript import types_of_kind
from tests.support.source import ROOT
from tests.support.typed_room import Dot, Keys, Record, Tagged, Typed

if TYPE_CHECKING:
    from pathlib import Path

TSC = ROOT / "node_modules/.bin/tsc"
SDK = ROOT / "client_demo/sdk"

WRITTEN = """\
// Made by `gameserver types mygame:Typed`. Make it again when what the room declares has changed.

export interface Dot {
  readonly id: number;
  readonly type: "Dot";
  readonly isNew: boolean;
  x: number;
  it: boolean;
  name: string;
  mood: "calm" | "angry";
  trail: number[];
  moods: ("calm" | "angry")[];
  hunts: number | null;
}

export interface Record2 {
  readonly id: number;
  readonly type: "Record";
  readonly isNew: boolean;
  laps: number;
}

export interface Racer {
  readonly id: number;
  readonly type: "Racer";
  readonly isNew: boolean;
  number: number;
  name: string;
  spectator: boolean;
  connected: boolean;
  ready: boolean;
  avatar: number | null;
  team: "red" | "blue";
}

export interface Match {
  readonly id: number;
  readonly type: "Match";
  readonly isNew: boolean;
  phase: "lobby" | "racing";
}

export interface Keys {
  dx: number;
  fire: boolean;
}

export interface Tagged {
  by: string;
  who: string;
  points: number;
}

export interface Place {
  x: number;
  y: number;
}

export interface Tree {
  type: "tree";
  childTrees: Tree[];
  payload: Uint8Array | null;
}

export interface Place2 {
  x: number;
  y?: number;
}

export interface Tagged2 {
  by: string;
  who: string;
  points?: number;
}

export interface Named {
  name: string;
}

export interface TypedOptions {
  laps: number;
  track: "ice" | "sand";
}

export interface TypedListing {
  laps_left: number;
  track: "ice" | "sand";
}

export interface Typed {
  kind: "typed";
  entities: { Dot: Dot; Record: Record2 };
  avatar: Dot | Record2;
  inputs: Keys;
  messages: { go: Place2; tag: Tagged2; call: Named; "set-ready": null };
  events: { tagged: Tagged; placed: Place; grown: Tree; "some-dots": [number, string]; over: Record<string, number[]> };
  options: TypedOptions;
  listing: TypedListing;
  roster: Racer;
  room: Match;
}
"""

PRELUDE = {
    "ts": """\
import { connect, type Session } from "SDK/index.js";
import type { Dot, Typed } from "./typed.js";
declare function text(value: string): void;
declare function count(value: number): void;
const session: Session<Typed> = connect<Typed>("ws", { kind: "typed" });
const untyped = connect("ws", { kind: "typed" });
""",
    "js": """\
// @ts-check
import { connect } from "SDK/index.js";
/** @typedef {import("./typed.js").Typed} Typed */
/** @type {(value: string) => void} */ const text = () => {};
/** @type {(value: number) => void} */ const count = () => {};
/** @type {import("SDK/index.js").Session<Typed>} */
const session = connect("ws", { kind: "typed" });
const untyped = connect("ws", { kind: "typed" });
""",
}
RIGHT = [
    'for (const dot of session.draw(0).entities.get("Dot") ?? []) { count(dot.x); text(dot.name); text(dot.mood); }',
    'for (const [name, list] of session.draw().entities) { text(name); count(list.length); }',
    'const { avatar } = session.draw(0); if (avatar?.type === "Dot") count(avatar.x);',
    'session.on("event", (event) => { if (event.name === "tagged") text(event.payload.who); });',
    'session.on("event", ({ name, payload, tick }) => { count(tick); if (name === "some-dots") text(payload[1]); });',
    'session.on("event", (event) => { if (event.name === "grown") text(event.payload.childTrees[0]?.type ?? ""); });',
    'session.on("roster", (all) => { for (const one of all) text(one.team); });',
    'text(session.room?.phase ?? ""); text(session.me?.state?.team ?? "");',
    "session.controls = { dx: 1 };",
    "session.setControls({ dx: 1, fire: true });",
    'session.send("go", { x: 1 });',
    'session.send("set-ready");',
    'session.send("call", { name: "Ada" });',
    'connect("ws", { kind: "typed", roomOptions: { laps: 5 }, where: { laps_left: { min: 2 }, track: ["ice"] } });',
    'session.predictSpawn("Dot", { x: 1 }, { match: (dot) => dot.it })?.x;',
    'session.expectEvent("tagged", { by: "a", who: "b", points: 1 }, { match: ({ who }) => who === "b" });',
    'session.on("predicted", ({ avatar, controls }) => { count(controls.dx); text(avatar.type); });',
    'session.on("contact", ({ other, before: { one } }) => { if (one.type === "Dot") count(one.x); other.id; });',
    'session.on("status", ({ state }) => text(state));',
    'untyped.on("event", ({ name, payload }) => { text(name); text(payload.anything); });',
    'for (const any of untyped.draw().entities.get("Anything") ?? []) count(any.x);',
    'untyped.send("anything", { at: 3 }); untyped.controls = { any: 1 };',
]  # fmt: skip
WRONG = {
    'session.draw(0).entities.get("Dto");': 2345,
    'for (const dot of session.draw(0).entities.get("Dot") ?? []) count(dot.speed);': 2339,
    'for (const dot of session.draw(0).entities.get("Dot") ?? []) text(dot.x);': 2345,
    'for (const dot of session.draw(0).entities.get("Dot")) count(dot.x);': 2532,
    'session.on("event", (event) => { if (event.name === "taged") return; });': 2367,
    'session.on("event", (event) => { if (event.name === "tagged") text(event.payload.whom); });': 2551,
    'session.on("event", (event) => { if (event.name === "tagged") text(event.payload.points); });': 2345,
    'session.on("event", (event) => text(event.payload.who));': 2339,
    'session.on("evnet", () => {});': 2345,
    "session.controls = { dy: 1 };": 2353,
    'session.setControls({ dx: "left" });': 2322,
    'session.send("goo", { x: 1 });': 2345,
    'session.send("go", { x: "left" });': 2322,
    'session.send("go");': 2554,
    'session.send("call", {});': 2741,
    "text(session.room?.pahse);": 2551,
    'if (session.me?.state?.team === "green") count(1);': 2367,
    'session.predictSpawn("Dot", { speed: 1 });': 2353,
    'session.expectEvent("tagged", { by: "a" });': 2739,
    'session.on("contact", ({ one }) => count(one.speed));': 2339,
}
WRONG_OF_CONNECT = {
    'connect<Typed>("ws", { kind: "tag" });': 2322,
    'connect<Typed>("ws", { kind: "typed", roomOptions: { lap: 5 } });': 2561,
    'connect<Typed>("ws", { kind: "typed", where: { track: "mud" } });': 2322,
}  # what takes a type argument, as JavaScript has none


def test_what_is_written() -> None:
    assert types_of_kind(make_kind(Typed), "mygame:Typed") == WRITTEN


def test_undeclared_events_and_messages_are_of_any_type() -> None:
    class Bare(Room):
        pass

    class Both(Room):
        tagged = Event(Tagged)

        def on_message(self, player: object, name: str, payload: object) -> None: ...

    assert "  messages: Record<string, unknown>;\n  events: Record<string, any>;\n" in types_of_kind(
        make_kind(Bare), ""
    )
    assert "  messages: Record<string, unknown>;\n  events: { tagged: Tagged };\n" in types_of_kind(make_kind(Both), "")


def test_the_avatar_is_what_the_room_says() -> None:
    class One(Room[Keys, Dot]):
        entities = (Dot, Record)

    class Maybe(Room[Keys, Dot | Record | None]):
        entities = (Dot, Record)

    assert "  avatar: Dot;\n" in types_of_kind(make_kind(One), "")
    assert "  avatar: Dot | Record2;\n" in types_of_kind(make_kind(Maybe), "")


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["types", "tests.support.typed_room:Typed"])
    assert ended.value.code in (0, None)
    assert capsys.readouterr().out == WRITTEN.replace("mygame:Typed", "tests.support.typed_room:Typed")


@pytest.mark.slow
def test_tsc_accepts_what_is_right_and_finds_what_is_wrong(tmp_path: Path) -> None:
    """All examples in one run of tsc, each on a line of its own, in TypeScript and in JSDoc."""
    (tmp_path / "typed.d.ts").write_text(WRITTEN)
    wanted = {}
    for suffix, lines in {"ts": [*RIGHT, *WRONG, *WRONG_OF_CONNECT], "js": [*RIGHT, *WRONG]}.items():
        prelude = PRELUDE[suffix].replace("SDK/", f"{SDK.as_posix()}/")
        (tmp_path / f"page_{suffix}.{suffix}").write_text(prelude + "\n".join(lines) + "\n")
        first = prelude.count("\n") + 1
        for place, line in enumerate(lines, first):
            code = {**WRONG, **WRONG_OF_CONNECT}.get(line)
            if code is not None:
                wanted[f"page_{suffix}.{suffix}", place] = (line, code)
    options = json.loads((ROOT / "tsconfig.json").read_text())["compilerOptions"]
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "include": ["*.ts", "*.js"]}))
    command = [str(TSC), "-p", str(tmp_path), "--pretty", "false"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    found = {}
    for name, place, code in re.findall(r"^(\S+?)\((\d+),\d+\): error TS(\d+)", said, re.MULTILINE):
        line = (tmp_path / name).read_text().splitlines()[int(place) - 1] if (tmp_path / name).exists() else said
        found[name, int(place)] = (line, int(code))
    assert found == wanted, said
