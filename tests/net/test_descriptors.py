"""File descriptors are divided among connections, rooms and a reserve."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gameserver.net.descriptors import MIN_FOR_CONNECTIONS, PER_ROOM, RESERVED_FILES, Descriptors, max_open_files

if TYPE_CHECKING:
    import pytest


def test_connections_get_what_the_system_allows_without_the_reserve() -> None:
    assert Descriptors(256, 10_000).max_connections(0) == 256 - RESERVED_FILES


def test_each_room_takes_its_share() -> None:
    assert Descriptors(256, 10_000).max_connections(20) == 256 - RESERVED_FILES - 20 * PER_ROOM


def test_the_operator_s_limit_holds_where_the_system_allows_more() -> None:
    assert Descriptors(1_000_000, 10_000).max_connections(100) == 10_000
    assert Descriptors(1_000_000, 3).max_connections(100) == 3


def test_rooms_leave_half_of_the_descriptors_to_connections() -> None:
    few = Descriptors(256, 10_000)
    assert few.max_rooms == 48
    assert few.max_connections(few.max_rooms) == 96
    assert Descriptors(16, 10_000).max_rooms == 1


def test_somebody_is_served_with_hardly_any_descriptors() -> None:
    assert Descriptors(16, 10_000).max_connections(0) == MIN_FOR_CONNECTIONS


def test_the_log_says_so_when_the_system_allows_fewer(caplog: pytest.LogCaptureFixture) -> None:
    Descriptors(1_000_000, 10_000).log_if_fewer()
    assert not caplog.records
    Descriptors(256, 10_000).log_if_fewer()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert (
        "allows 192 connections, less 2 for each of at most 48 rooms: fewer than max_connections (10000)" in caplog.text
    )


def test_this_process_has_a_limit() -> None:
    assert max_open_files() > 3
