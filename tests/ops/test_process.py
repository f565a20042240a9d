"""The process statistics count what the process holds."""

import os
from pathlib import Path

import pytest
import trio

from gameserver.ops import process
from gameserver.ops.metrics import process_metrics, render
from gameserver.ops.process import ProcessStatistics, process_statistics


async def test_one_more_task_and_one_more_file_are_counted(tmp_path: Path) -> None:
    before = process_statistics()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever)
        descriptor = os.open(tmp_path, os.O_RDONLY)
        after = process_statistics()
        os.close(descriptor)
        nursery.cancel_scope.cancel()
    assert (after.tasks or 0) == (before.tasks or 0) + 1
    assert (after.open_files or 0) == (before.open_files or 0) + 1
    assert (after.resident_bytes or 0) > 1_000_000


async def test_without_proc_only_the_tasks_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_FILES", tmp_path / "nowhere")
    statistics = process_statistics()
    assert statistics == ProcessStatistics(statistics.tasks, None, None)
    assert [metric.name for metric in process_metrics(statistics)] == ["tasks"]


def test_outside_of_an_event_loop_there_are_no_tasks() -> None:
    assert process_statistics().tasks is None


def test_process_statistics_are_metrics() -> None:
    body = render(process_metrics(ProcessStatistics(7, 12, 40_000_000))).body.decode()
    assert "gameserver_tasks 7\n" in body
    assert "gameserver_open_files 12\n" in body
    assert "gameserver_resident_bytes 40000000\n" in body
