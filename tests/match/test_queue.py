"""Players wait in a queue, and travel into matches together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver import JoinRefused, Room
from gameserver.match.matcher import MatchRules
from gameserver.match.queue import NEWS_EVERY_S, PARTY_WAIT_S, Queue
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode
from gameserver.protocol.constants import ServerMessage as S
from tests.support.waiting import Waiting

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer
    from gameserver.room.player import Player
    from tests.support.memory_server import MemoryLink


class Duel(Room[Any]):
    kind = "duel"
    tick_hz = 5
    max_players = 2


class Fours(Duel):
    kind = "fours"
    max_players = 4


class DuelQueue(Queue):
    kind = "duels"
    destination = "duel"
    rules = MatchRules(window=100, widen_per_s=10)

    def skill_of(self, player: Player) -> float:
        return float(player.params.get("skill", 0))  # type: ignore[arg-type]


class FoursQueue(DuelQueue):
    kind = "queue-of-fours"
    destination = "fours"
    rules = MatchRules(teams=2, team_size=2)


class Nowhere(DuelQueue):
    kind = "nowhere"
    destination = "no such kind"


class Strict(Duel):
    kind = "strict"

    def on_auth(self, player: Player) -> None:
        if player.params.get("banned"):
            raise JoinRefused("not you")


class StrictQueue(DuelQueue):
    kind = "strict-queue"
    destination = "strict"


KINDS = (Duel, Fours, Strict, DuelQueue, FoursQueue, Nowhere, StrictQueue)


def wait_in(server: Waiting, kind: str = "duels", **params: Any) -> tuple[MemoryLink, Peer]:
    return server.join(kind, **params)


def test_two_who_are_alike_travel_into_one_room_on_different_teams() -> None:
    server = Waiting(*KINDS)
    ada, _ = wait_in(server, name="Ada")
    bob, _ = wait_in(server, name="Bob")
    assert server.kind_of(ada) == "duels"
    server.seconds(3)
    assert [server.kind_of(ada), server.kind_of(bob)] == ["duel", "duel"]
    assert ada.welcome["room"] == bob.welcome["room"]
    assert server.teams(bob) == {"Ada": 0, "Bob": 1}


def test_skills_that_are_apart_meet_once_they_have_waited() -> None:
    server = Waiting(*KINDS)
    ada, _ = wait_in(server, skill=0)
    bob, _ = wait_in(server, skill=150)
    server.seconds(3)
    assert [server.kind_of(ada), server.kind_of(bob)] == ["duels", "duels"]
    server.seconds(5)
    assert [server.kind_of(ada), server.kind_of(bob)] == ["duel", "duel"]


def test_pools_never_meet() -> None:
    server = Waiting(*KINDS)
    links = [wait_in(server, mode=mode)[0] for mode in ("ice", "sand", "ice")]
    server.seconds(30)
    assert [server.kind_of(link) for link in links] == ["duel", "duels", "duel"]


def test_everyone_is_told_how_it_waits_now_and_then() -> None:
    server = Waiting(*KINDS)
    ada, _ = wait_in(server)
    server.seconds(2.5 * NEWS_EVERY_S)
    news = [payload for _, name, payload in ada.events if name == "queue"]
    assert news[0] == {"waiting": 1, "waited_s": 0, "expected_s": None}
    assert len(news) in (3, 4)
    assert news[-1]["waited_s"] >= NEWS_EVERY_S


def test_the_next_know_how_long_those_before_have_waited() -> None:
    server = Waiting(*KINDS)
    wait_in(server)
    server.seconds(10)
    wait_in(server)
    server.seconds(3)
    third, _ = wait_in(server)
    server.tick(10)
    news = next(payload for _, name, payload in third.events if name == "queue")
    assert 4 <= news["expected_s"] <= 8


def test_a_party_stays_together_and_waits_for_its_members() -> None:
    server = Waiting(*KINDS)
    cat, _ = wait_in(server, "queue-of-fours", party="key", party_size=2, name="Cat")
    others = [wait_in(server, "queue-of-fours", name=name)[0] for name in ("Ada", "Bob")]
    server.seconds(2)
    assert server.kind_of(cat) == "queue-of-fours"
    dan, _ = wait_in(server, "queue-of-fours", party="key", party_size=2, name="Dan")
    server.seconds(3)
    assert {server.kind_of(link) for link in (cat, dan, *others)} == {"fours"}
    teams = server.teams(dan)
    assert teams["Cat"] == teams["Dan"] != teams["Ada"] == teams["Bob"]


def test_a_party_whose_member_does_not_come_goes_without_it() -> None:
    server = Waiting(*KINDS)
    cat, _ = wait_in(server, "queue-of-fours", party="key", party_size=2)
    others = [wait_in(server, "queue-of-fours")[0] for _ in range(3)]
    server.seconds(PARTY_WAIT_S + 3)
    assert {server.kind_of(link) for link in (cat, *others)} == {"fours"}


def test_a_party_that_fits_no_team_is_refused() -> None:
    server = Waiting(*KINDS)
    link, _ = wait_in(server, party="key", party_size=2)
    assert link.closed == (CloseCode.JOIN_REFUSED, "a party of 2 does not fit into a team of 1")


def test_who_has_lost_its_link_is_not_matched_until_it_is_back() -> None:
    server = Waiting(*KINDS)
    ada, peer = wait_in(server)
    token = ada.welcome["token"]
    peer.lost(server.now_s, None)
    bob, _ = wait_in(server)
    server.seconds(3)
    assert server.kind_of(bob) == "duels"
    back, new = server.connect()
    server.say(new, C.RESUME, token, 0, 0)
    server.seconds(3)
    assert [server.kind_of(back), server.kind_of(bob)] == ["duel", "duel"]


def test_who_leaves_is_waited_for_no_more() -> None:
    server = Waiting(*KINDS)
    _, peer = wait_in(server)
    server.say(peer, C.LEAVE)
    server.tick(5)
    bob, _ = wait_in(server)
    server.seconds(3)
    assert server.kind_of(bob) == "duels"
    assert [payload["waiting"] for _, name, payload in bob.events if name == "queue"] == [1]


def test_players_whose_match_gets_no_room_go_on_waiting_with_their_time() -> None:
    server = Waiting(*KINDS)
    ada, _ = wait_in(server, "nowhere")
    bob, _ = wait_in(server, "nowhere")
    server.seconds(12)
    assert [ada.closed, bob.closed] == [None, None]
    assert [server.kind_of(ada), server.kind_of(bob)] == ["nowhere", "nowhere"]
    assert [payload["waited_s"] for _, name, payload in ada.events if name == "queue"][-1] >= NEWS_EVERY_S


def test_hostile_parameters_are_no_parties_and_no_regions() -> None:
    server = Waiting(*KINDS)
    odd: list[dict[str, Any]] = [
        {"party": 7, "party_size": 1},
        {"party": "k" * 65, "party_size": 2},
        {"party": "k", "party_size": -5},
        {"party": "k", "party_size": "2"},
        {"regions": [1]},
        {"regions": {"eu": "near", "us": -1, "as": 1e9, "au": True}},
        {"mode": 3},
    ]
    links = [wait_in(server, **params)[0] for params in odd]
    server.seconds(5)
    assert not any(link.of(S.NOTICE) for link in links)
    assert all(link.closed is None for link in links)


def test_one_whom_the_game_refuses_does_not_keep_others_from_playing() -> None:
    server = Waiting(*KINDS)
    eve, _ = wait_in(server, "strict-queue", banned=True)
    others = []
    for _ in range(8):
        others.append(wait_in(server, "strict-queue")[0])
        server.seconds(4)
    rooms = len(server.hub.rooms)
    server.seconds(60)
    assert (eve.closed, server.kind_of(eve)) == (None, "strict-queue")
    assert sum(server.kind_of(link) == "strict" for link in others) >= 6
    assert len(server.hub.rooms) <= rooms + 4, "a match that fails leaves a room, so they become rarer"
