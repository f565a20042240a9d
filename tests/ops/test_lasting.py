"""Servers in memory, one after the other, with the same folder: rooms and seats go on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from gameserver import Entity, Int, OldRoom, Room
from gameserver.ops.lasting import Lasting
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode
from gameserver.protocol.constants import ServerMessage as S
from gameserver.room.checkpoint import restore_seats, save_seats
from gameserver.store.api import StoreError
from gameserver.store.sqlite import open_store
from tests.support.lasting_server import Cellar, Ledger, Pot, Process

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.memory_server import MemoryLink


def test_a_stopped_server_goes_on_at_the_same_tick(tmp_path: Path) -> None:
    one = Process(tmp_path)
    link, peer = one.server.join("cellar", name="Ada")
    one.server.keep_up(link, peer)
    one.server.tick(20)
    tick, gold, room_id = one.server.engine.tick_number, one.cellar.pot.gold, one.server.engine.id
    assert one.store.rooms(0) == []
    one.stop()
    assert link.closed is not None
    assert link.closed[0] == CloseCode.GOING_AWAY

    two = Process(tmp_path, seed=2)
    engine = two.server.engine
    assert (engine.id, engine.tick_number, two.cellar.pot.gold, two.cellar.left) == (room_id, tick, gold, [])
    again, _ = two.resume(link, tick=link.of(S.STATE)[-1][1], event=link.welcome["event"])
    assert again.welcome["session"] == link.welcome["session"]
    assert again.welcome["resumed"]
    assert "rolled_back_to" not in again.welcome
    assert again.welcome["server"] == link.welcome["server"]
    assert two.cellar.players[0].text("name") == "Ada"
    two.kill()


def test_a_killed_server_goes_on_from_its_last_commit_and_clients_are_rolled_back(tmp_path: Path) -> None:
    one = Process(tmp_path)
    link, peer = one.server.join("cellar")
    one.server.keep_up(link, peer)
    one.server.say(peer, C.MESSAGE, "say", "kept whole")
    one.server.tick(5)
    one.commit()
    one.server.say(peer, C.MESSAGE, "say", "kept in the journal")
    one.server.tick(5)
    one.commit()
    kept_at, gold = one.server.engine.tick_number, one.cellar.pot.gold
    one.server.say(peer, C.MESSAGE, "say", "lost")
    one.server.tick(5)
    one.kill()

    two = Process(tmp_path, seed=2)
    assert two.server.engine.tick_number == kept_at
    assert two.cellar.pot.gold == gold
    assert two.cellar.heard == ["kept whole", "kept in the journal"]
    two.server.tick(20)  # it plays on before anybody is back: the same ticks are others now
    newest = link.of(S.EVENTS)[-1][2]
    again, other = two.resume(link, tick=link.of(S.STATE)[-1][1], event=newest)
    assert again.welcome["rolled_back_to"] == kept_at
    assert again.welcome["resumed"]
    two.server.keep_up(again, other)
    two.server.say(other, C.MESSAGE, "say", "new")
    two.server.tick(2)
    assert again.of(S.STATE)[0][2] == 0  # from nothing
    assert [payload for _, name, payload in again.events if name == "heard"] == ["new"]
    two.kill()


def lose_ticks(folder: Path) -> tuple[MemoryLink, int]:
    """Have a client see ticks and an event that are lost when its server is killed. Return its link, and the last tick
    that was kept."""
    one = Process(folder)
    link, peer = one.server.join("cellar")
    one.server.keep_up(link, peer)
    one.server.tick(5)
    one.commit()
    kept_at = one.server.engine.tick_number
    one.server.say(peer, C.MESSAGE, "say", "lost")
    one.server.tick(5)
    one.kill()
    return link, kept_at


def test_a_client_that_missed_a_server_between_two_kills_has_still_seen_what_is_lost(tmp_path: Path) -> None:
    link, kept_at = lose_ticks(tmp_path)
    two = Process(tmp_path, seed=2)
    two.server.tick(20)  # beyond the ticks that the client has seen, and they are kept
    two.commit()
    two.kill()

    three = Process(tmp_path, seed=3)
    assert three.server.engine.tick_number == kept_at + 20
    again, other = three.resume(link, tick=link.of(S.STATE)[-1][1], event=link.of(S.EVENTS)[-1][2])
    assert again.welcome["rolled_back_to"] == kept_at
    three.server.keep_up(again, other)
    three.server.tick(2)
    assert again.of(S.STATE)[0][2] == 0  # from nothing
    seen = max(state[1] for state in again.of(S.STATE))
    three.commit()
    three.kill()

    four = Process(tmp_path, seed=4)  # the client has been back: it knows the room as it was kept
    last, _ = four.resume(again, tick=seen, event=again.of(S.EVENTS)[-1][2])
    assert last.welcome["resumed"]
    assert "rolled_back_to" not in last.welcome
    four.kill()


def test_a_client_that_comes_late_to_a_server_that_is_killed_at_once_loses_only_what_that_one_loses(
    tmp_path: Path,
) -> None:
    link, _ = lose_ticks(tmp_path)
    two = Process(tmp_path, seed=2)
    two.server.tick(200)
    two.commit()
    kept_at = two.server.engine.tick_number
    again, other = two.resume(link, tick=link.of(S.STATE)[-1][1], event=link.welcome["event"])
    two.server.keep_up(again, other)
    two.server.tick(5)  # that the client has been there is not stored any more
    two.kill()

    three = Process(tmp_path, seed=3)
    seen = again.of(S.STATE)[-1][1]
    assert seen > kept_at
    last, other = three.resume(again, tick=seen, event=again.welcome["event"])
    assert last.welcome["rolled_back_to"] == kept_at
    three.server.keep_up(last, other)
    three.server.tick(2)
    assert last.of(S.STATE)[0][2] == 0  # from nothing
    three.kill()


def test_a_client_of_a_durable_room_that_missed_what_it_sent_in_reply_has_lost_nothing(tmp_path: Path) -> None:
    one = Process(tmp_path, Ledger)
    link, peer = one.server.join("ledger")
    one.commit()
    one.server.keep_up(link, peer)
    one.server.tick(5)
    one.commit()
    one.kill()
    two = Process(tmp_path, Ledger, seed=2)
    again, _ = two.resume(link, tick=max(state[1] for state in link.of(S.STATE)), event=link.welcome["event"])
    two.server.tick(3)
    two.commit()  # lets out WELCOME and STATEs, and the server is killed before anything of the client arrives
    seen = max(state[1] for state in again.of(S.STATE))
    two.kill()
    three = Process(tmp_path, Ledger, seed=3)
    last, _ = three.resume(again, tick=seen, event=again.welcome["event"])
    three.commit()
    assert last.welcome["resumed"]
    assert "rolled_back_to" not in last.welcome
    three.kill()


def test_seats_stored_before_restores_were_noted_are_read(tmp_path: Path) -> None:
    one = Process(tmp_path)
    link, peer = one.server.join("cellar")
    one.server.keep_up(link, peer)
    one.server.tick(5)
    one.commit()
    seats = [seat[:7] for seat in save_seats(one.server.engine, b"")]
    two = Process(tmp_path / "other", seed=2)
    two.server.join("cellar")
    two.server.tick()
    two.server.engine.seats.sessions[1].restored_tick = None
    restore_seats(two.server.engine, seats, b"")
    session = two.server.engine.seats.sessions[1]
    assert (session.restored_tick, session.migrated) == (None, False)
    assert session.key == one.server.engine.seats.sessions[1].key
    two.kill()
    one.kill()


def test_a_client_that_has_seen_nothing_that_is_lost_goes_on_as_after_a_broken_link(tmp_path: Path) -> None:
    one = Process(tmp_path)
    link, peer = one.server.join("cellar")
    one.server.tick(3)
    event = link.welcome["event"]
    one.server.say(peer, C.MESSAGE, "say", 1)
    one.server.tick(3)
    one.commit()
    one.kill()
    two = Process(tmp_path, seed=2)
    again, _ = two.resume(link, tick=3, event=event)
    two.server.tick()
    assert "rolled_back_to" not in again.welcome
    assert [payload for _, name, payload in again.events if name == "heard"] == [1]
    two.kill()


def test_the_newest_token_counts_though_it_was_given_out_after_the_last_commit(tmp_path: Path) -> None:
    one = Process(tmp_path)
    link, peer = one.server.join("cellar")
    one.server.tick()
    one.commit()
    peer.lost(one.server.now_s, None)
    newer, other = one.resume(link, tick=0, event=None)
    one.server.say(other, C.ACK, 1)
    one.kill()
    two = Process(tmp_path, seed=2)
    forged = bytearray(newer.welcome["token"])
    forged[-1] ^= 1
    newer.welcome["token"] = bytes(forged)
    refused, _ = two.resume(newer, tick=0, event=None)
    assert refused.closed is not None
    assert refused.closed[0] == CloseCode.SESSION_EXPIRED
    forged[-1] ^= 1
    newer.welcome["token"] = bytes(forged)
    again, back = two.resume(newer, tick=0, event=None)
    assert again.welcome["session"] == 1
    two.server.say(back, C.ACK, 1)
    used, _ = two.resume(newer, tick=0, event=None)
    assert used.closed is not None
    two.kill()


def test_who_joined_after_the_last_commit_has_no_seat_and_nobody_elses(tmp_path: Path) -> None:
    one = Process(tmp_path)
    one.server.join("cellar")
    one.commit()
    late, _ = one.server.join("cellar")
    one.kill()
    two = Process(tmp_path, seed=2)
    newcomer, _ = two.server.join("cellar")
    assert newcomer.welcome["session"] == late.welcome["session"] == 2
    refused, _ = two.resume(late, tick=0, event=None)
    assert refused.closed is not None
    assert refused.closed[0] == CloseCode.SESSION_EXPIRED
    two.kill()


def test_the_grace_time_counts_from_the_restart(tmp_path: Path) -> None:
    one = Process(tmp_path)
    one.server.join("cellar")
    one.commit()
    one.kill()
    two = Process(tmp_path, seed=2)
    two.server.tick(20 * 29)
    assert len(two.cellar.players) == 1
    assert not two.cellar.players[0].connected
    two.server.tick(20 * 2)
    assert two.cellar.players == []
    assert two.cellar.left == [1]
    two.kill()


def test_rooms_that_do_not_last_or_have_ended_are_not_kept(tmp_path: Path) -> None:
    one = Process(tmp_path)
    one.server.join("shed")
    one.server.hub.open_room("cellar")
    one.commit()
    (cellar,) = [engine for engine in one.server.hub.rooms.values() if engine.kind.name == "cellar"]
    cellar.close(CloseCode.ROOM_CLOSED, "over")
    one.stop()
    two = Process(tmp_path, seed=2)
    assert two.server.hub.rooms == {}
    two.kill()


def test_what_cannot_be_saved_is_named_and_the_room_plays_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one = Process(tmp_path)
    one.server.join("cellar")
    one.cellar.heard.append(number for number in range(3))
    one.commit()
    assert "(cellar) does not last: Cellar.heard[0]: a generator cannot be saved" in caplog.text
    assert one.server.engine._recorders == ()  # its ticks are for nobody
    one.server.tick(3)
    one.stop()
    two = Process(tmp_path, seed=2)
    assert two.server.hub.rooms == {}
    two.kill()


def test_a_room_of_another_declaration_is_put_aside_and_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Jar(Entity):
        silver = Int(0, 10)

    class Changed(Cellar):
        kind = "cellar"
        entities = (Pot, Jar)

    class Barn(Cellar):
        kind = "barn"

    one = Process(tmp_path, Cellar, Barn)
    one.server.join("cellar")
    one.server.join("barn")
    one.stop()
    two = Process(tmp_path, Changed, Barn, seed=2)
    assert [engine.kind.name for engine in two.server.hub.rooms.values()] == ["barn"]
    assert (
        "(cellar) is put aside: its entities or inputs are declared differently now, and Changed has no migrate()"
        in caplog.text
    )
    two.stop()
    three = Process(tmp_path, Cellar, Barn, seed=3)
    assert len(three.server.hub.rooms) == 1
    three.kill()


class Jar(Entity):
    silver = Int(0, 1000)
    label = Int(0, 9)


class Vault(Room):
    """The next build of the cellar."""

    kind = "cellar"
    lasting = True
    entities = (Jar,)

    def migrate(self, old: OldRoom) -> None:
        self.jars = {}
        for pot in old.all("Pot"):
            self.jars[pot.id] = self.spawn(Jar, silver=pot.gold, label=len(self.players))
        for player in self.players:
            player.avatar = self.jars[old.all("Pot")[0].id]
        self.heard = [*old.attributes["heard"], old.tick]
        assert old.attributes["pot"] is old.all("Pot")[0]
        self.after(2, self.greet)

    def greet(self) -> None:
        self.broadcast("migrated", self.heard)


def test_the_next_build_migrates_a_room_of_another_declaration(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    one = Process(tmp_path)
    link, peer = one.server.join("cellar")
    one.server.keep_up(link, peer)
    one.server.say(peer, C.MESSAGE, "say", "kept")
    one.server.tick(5)
    tick, gold, room_id = one.server.engine.tick_number, one.cellar.pot.gold, one.server.engine.id
    one.stop()
    two = Process(tmp_path, Vault, seed=2)
    engine = two.server.engine
    assert (engine.id, engine.tick_number) == (room_id, tick)
    assert "entities or inputs are declared differently now: it is migrated" in caplog.text
    again, other = two.resume(link, tick=tick, event=link.of(S.EVENTS)[-1][2])
    two.server.keep_up(again, other)
    two.server.tick(4)
    assert again.welcome["session"] == link.welcome["session"]
    assert again.welcome["rolled_back_to"] == tick  # so that its client takes the new schema
    (jar,) = engine.room.all(Jar)
    assert (jar.silver, jar.label) == (gold, 1)
    assert engine.room.players[0].avatar is jar
    assert [payload for _, name, payload in again.events if name == "migrated"] == [["kept", tick]]
    assert again.of(S.STATE)[0][2] == 0  # from nothing
    two.commit()
    two.kill()
    three = Process(tmp_path, Vault, seed=3)
    assert three.server.engine.room.all(Jar)[0].silver == gold
    three.kill()


def test_a_client_that_missed_the_server_that_migrated_its_room_takes_the_new_schema_from_the_next(
    tmp_path: Path,
) -> None:
    one = Process(tmp_path)
    link, peer = one.server.join("cellar")
    one.server.keep_up(link, peer)
    one.server.tick(5)
    tick, event = one.server.engine.tick_number, link.welcome["event"]
    one.stop()
    two = Process(tmp_path, Vault, seed=2)
    two.server.tick(3)
    two.commit()
    two.kill()
    three = Process(tmp_path, Vault, seed=3)
    again, other = three.resume(link, tick=tick, event=event)
    three.server.keep_up(again, other)
    three.server.tick(2)
    assert again.welcome["rolled_back_to"] == tick
    assert again.of(S.STATE)[0][2] == 0  # from nothing
    three.kill()


def test_a_killed_room_of_an_older_build_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    class Newer(Cellar):
        kind = "cellar"
        saved_version = 2

        def migrate(self, old: OldRoom) -> None:
            self.pot = self.spawn(Pot, gold=old.all("Pot")[0].gold)
            self.heard, self.left, self.added = old.attributes["heard"], [], 7

    one = Process(tmp_path)
    link, _ = one.server.join("cellar")
    one.server.tick(3)
    one.commit()
    tick, gold = one.server.engine.tick_number, one.cellar.pot.gold
    one.server.tick(3)
    one.commit()
    one.kill()
    two = Process(tmp_path, Newer, seed=2)
    assert (two.server.engine.tick_number, two.cellar.pot.gold) == (tick, gold)
    again, _ = two.resume(link, tick=tick + 3, event=link.welcome["event"])
    assert again.welcome["rolled_back_to"] == tick
    two.kill()


@pytest.mark.parametrize("fails", [False, True])
def test_the_people_of_a_room_that_cannot_go_on_get_the_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fails: bool
) -> None:
    class Changed(Cellar):
        kind = "cellar"
        saved_version = 2

    class Failing(Changed):
        def migrate(self, old: OldRoom) -> None:
            raise KeyError("nothing")

    one = Process(tmp_path)
    link, _ = one.server.join("cellar")
    one.stop()
    two = Process(tmp_path, Failing if fails else Changed, seed=2)
    assert two.server.hub.rooms == {}
    why = (
        "its migrate raised KeyError: 'nothing'"
        if fails
        else "its saved_version was 1 and is 2, and Changed has no migrate()"
    )
    assert f"(cellar) is put aside: {why}" in caplog.text
    refused, _ = two.resume(link, tick=0, event=None)
    assert refused.closed == (
        CloseCode.ROOM_CLOSED,
        "the server was updated or repaired, and this room could not go on",
    )
    two.kill()


def test_a_room_that_keeps_the_server_from_starting_is_put_aside(tmp_path: Path) -> None:
    one = Process(tmp_path)
    one.server.join("cellar")
    one.stop()
    for _ in range(2):  # it ended while the rooms were restored
        store = open_store(tmp_path)
        store.count_attempt(store.rooms(0)[0].id)
        store.close()
    two = Process(tmp_path, seed=2)
    assert two.server.hub.rooms == {}
    two.kill()


def test_a_room_that_raises_or_ends_the_server_while_it_is_restored_leaves_the_others_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Process(tmp_path)
    for room in ("aaaaaa", "bbbbbb", "cccccc"):
        one.server.hub.open_room("cellar", room_id=room)
    one.commit()
    one.kill()
    made = Lasting._made

    def failing(self: Lasting, kind: Any, checkpoint: Any, records: bytes) -> Any:
        if checkpoint["room"] == "bbbbbb":
            raise error
        return made(self, kind, checkpoint, records)

    monkeypatch.setattr(Lasting, "_made", failing)
    error: BaseException = SystemExit()
    for seed in (2, 3):
        with pytest.raises(SystemExit):
            Process(tmp_path, seed=seed, slot=0)
    store = open_store(tmp_path)
    assert [room.attempts for room in store.rooms(0)] == [0, 2, 0]
    store.forget_attempts("bbbbbb")
    store.close()
    error = ZeroDivisionError("division by zero")
    two = Process(tmp_path, seed=4)
    assert list(two.server.hub.rooms) == ["aaaaaa", "cccccc"]
    assert "room bbbbbb (cellar) is put aside: it raises ZeroDivisionError: division by zero" in caplog.text
    two.kill()


def test_rules_that_are_not_deterministic_go_on_from_the_checkpoint(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Drifting(Cellar):
        kind = "cellar"
        drift = 0

        def on_tick(self) -> None:
            self.pot.gold = Drifting.drift

    one = Process(tmp_path, Drifting)
    one.server.join("cellar")
    one.server.tick(3)
    one.commit()
    at = one.server.engine.tick_number
    one.server.tick(3)
    one.commit()
    one.kill()
    Drifting.drift = 7
    two = Process(tmp_path, Drifting, seed=2)
    assert two.server.engine.tick_number == at
    assert "a replay gives another game" in caplog.text
    two.kill()


def test_a_store_that_fails_does_not_stop_the_game_and_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    one = Process(tmp_path)
    one.server.join("cellar")
    one.commit()

    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(one.store, "commit", fail)
        for _ in range(3):
            one.server.tick(5)
            one.commit()
    assert caplog.text.count("rooms are not kept: the disk is full") == 1
    one.server.tick(5)
    one.commit()
    assert "rooms are kept again" in caplog.text
    one.server.tick(5)
    one.commit()
    tick = one.server.engine.tick_number
    one.kill()
    two = Process(tmp_path, seed=2)
    assert two.server.engine.tick_number == tick
    two.kill()


def test_what_rooms_keep_under_keys_is_there_in_the_next_process(tmp_path: Path) -> None:
    one = Process(tmp_path)
    entries = one.server.hub.entries
    assert entries.put("cellar", "best", {"gold": [1, 2]}, None) == 1
    one.server.join("cellar")
    one.server.engine.store_calls.add("put", "cellar", "last", 3, None)
    one.server.engine.close(CloseCode.ROOM_CLOSED, "over")
    one.commit()
    one.kill()
    two = Process(tmp_path, seed=2)
    assert two.server.hub.entries.get("cellar", "best") == [{"gold": [1, 2]}, 1]
    assert two.server.hub.entries.scan("cellar", "", 9) == [["best", {"gold": [1, 2]}, 1], ["last", 3, 1]]
    assert two.server.hub.entries.delete("cellar", "best")
    assert two.server.hub.entries.get("cellar", "best") == [None, 0]
    two.kill()


def test_workers_share_a_folder_and_each_restores_its_own_rooms(tmp_path: Path) -> None:
    one = [Process(tmp_path, seed=10 + slot, slot=slot, processes=2) for slot in range(2)]
    links = [process.server.join("cellar")[0] for process in one]
    for process in one:
        process.commit()
        process.kill()
    again = Process(tmp_path, seed=20, slot=1, processes=2)  # the other one is down
    assert list(again.server.hub.rooms) == list(one[1].server.hub.rooms)
    back, _ = again.resume(links[1], tick=0, event=None)
    assert back.welcome["resumed"]
    refused, _ = again.resume(links[0], tick=0, event=None)
    assert refused.closed is not None
    assert refused.closed[0] == CloseCode.SERVER_RESTARTED
    again.kill()


def test_fewer_workers_take_over_the_rooms_of_those_that_there_are_no_more(tmp_path: Path) -> None:
    one = [Process(tmp_path, seed=10 + slot, slot=slot, processes=2) for slot in range(2)]
    links = [process.server.join("cellar")[0] for process in one]
    assert [link.welcome["token"][4:8] for link in links] == [links[0].welcome["token"][4:8]] * 2  # the same key
    for process in one:
        process.commit()
        process.kill()
    alone = Process(tmp_path, seed=20)
    assert len(alone.server.hub.rooms) == 2
    assert len(alone.server.hub.tokens.prefixes) == 2
    alone.commit()
    alone.kill()  # before they were back
    alone = Process(tmp_path, seed=21)
    for link in links:
        again, _ = alone.resume(link, tick=0, event=None)
        assert again.welcome["room"] == link.welcome["room"]
        assert again.welcome["token"][:8] == link.welcome["token"][:8]  # it names the session for its life
        lost, _ = alone.resume(link, tick=0, event=None)  # the WELCOME did not arrive: the same token once more
        assert lost.welcome["room"] == link.welcome["room"]
        newest, other = alone.resume(lost, tick=0, event=None)
        alone.server.say(other, C.ACK, 1)
        used, _ = alone.resume(link, tick=0, event=None)
        assert used.closed is not None
        assert used.closed[0] == CloseCode.SESSION_EXPIRED
        links[links.index(link)] = newest
    alone.commit()
    alone.kill()
    two = Process(tmp_path, seed=30, slot=0, processes=2)
    for link in links:
        assert two.resume(link, tick=0, event=None)[0].welcome["resumed"]
    two.kill()


@pytest.mark.parametrize("committed", [True, False])
def test_seats_are_there_though_workers_were_fewer_in_between_and_nobody_was_back(
    tmp_path: Path, committed: bool
) -> None:
    one = [Process(tmp_path, seed=10 + slot, slot=slot, processes=2) for slot in range(2)]
    links = [process.server.join("cellar")[0] for process in one]
    for process in one:
        process.commit()
        process.kill()
    alone = Process(tmp_path, seed=20)
    if committed:  # both rooms are of this process from now on
        alone.commit()
    alone.kill()
    two = [Process(tmp_path, seed=30 + slot, slot=slot, processes=2) for slot in range(2)]
    assert [len(process.server.hub.rooms) for process in two] == ([2, 0] if committed else [1, 1])
    stray = links[1].welcome["token"]
    assert [process.server.hub.tokens.takes(stray) for process in two] == [committed, True]
    assert (stray[:8] in two[0].server.hub.tokens.prefixes) is committed
    for link, process in zip(links, [two[0]] * 2 if committed else two, strict=True):
        assert process.resume(link, tick=0, event=None)[0].welcome["room"] == link.welcome["room"]
    for process in two:
        process.kill()


def test_who_resumes_at_fewer_workers_and_is_killed_before_a_commit_has_its_seat(tmp_path: Path) -> None:
    one = Process(tmp_path, seed=10, slot=1, processes=2)
    link, _ = one.server.join("cellar")
    one.commit()
    one.kill()
    alone = Process(tmp_path, seed=20)
    link, _ = alone.resume(link, tick=0, event=None)
    alone.kill()
    alone = Process(tmp_path, seed=21)
    assert alone.resume(link, tick=0, event=None)[0].welcome["resumed"]
    alone.kill()


def test_a_forged_token_of_an_adopted_session_is_refused(tmp_path: Path) -> None:
    one = Process(tmp_path, seed=10, slot=1, processes=2)
    link, _ = one.server.join("cellar")
    one.commit()
    one.kill()
    alone = Process(tmp_path, seed=20)
    token = link.welcome["token"]
    for forged in (alone.server.hub.tokens.instance + token[4:], token[:-1] + bytes([token[-1] ^ 1])):
        link.welcome["token"] = forged
        refused, _ = alone.resume(link, tick=0, event=None)
        assert refused.closed is not None
        assert refused.closed[0] == CloseCode.SESSION_EXPIRED
    alone.kill()


def test_nothing_of_a_durable_tick_leaves_before_it_is_committed_and_none_is_lost(tmp_path: Path) -> None:
    one = Process(tmp_path, Ledger)
    link, peer = one.server.join("ledger")
    assert link.messages == []
    one.commit()
    one.server.keep_up(link, peer)
    one.server.say(peer, C.MESSAGE, "say", 1)
    one.server.tick(5)
    before = len(link.messages)
    one.server.tick(5)
    assert len(link.messages) == before  # a batch waits already
    one.commit()
    assert len(link.messages) > before
    one.server.say(peer, C.MESSAGE, "say", 2)
    one.server.tick(3)
    seen = max(state[1] for state in link.of(S.STATE))
    one.kill()
    two = Process(tmp_path, Ledger, seed=2)
    assert two.server.engine.tick_number >= seen
    again, _ = two.resume(link, tick=seen, event=link.of(S.EVENTS)[-1][2])
    two.commit()
    assert again.welcome["resumed"]
    assert "rolled_back_to" not in again.welcome
    two.stop()
    assert again.closed is not None


def test_a_durable_room_stands_still_while_nothing_can_be_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Process(tmp_path, Ledger)
    link, _ = one.server.join("ledger")
    one.commit()

    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(one.store, "commit", fail)
        for _ in range(3):
            one.server.tick(10)
            one.commit()
        stands_at = one.server.engine.tick_number
        one.server.tick(10)
        assert one.server.engine.tick_number == stands_at
    sent = len(link.messages)
    one.commit()
    assert len(link.messages) > sent
    one.server.tick(3)
    assert one.server.engine.tick_number == stands_at + 3
    one.kill()


def test_the_end_of_a_durable_room_is_stored_before_its_clients_get_it(tmp_path: Path) -> None:
    one = Process(tmp_path, Ledger)
    link, _ = one.server.join("ledger")
    one.commit()
    one.server.engine.close(CloseCode.ROOM_CLOSED, "over")
    assert link.closed == (CloseCode.ROOM_CLOSED, "over")
    assert one.store.processes()[0].rooms == ()
    one.kill()
