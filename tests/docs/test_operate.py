"""What the page for operators says is what the server does."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from gameserver.net.http.auth import JwtSettings
from gameserver.net.settings import NetLimits, NetSettings
from gameserver.ops.options import ServeOptions
from gameserver.protocol.constants import Limits
from tests.support.source import ROOT

PAGE = (ROOT / "docs/guide/operate.md").read_text("utf-8")
METRICS = re.findall(r"^\| `(\w+)", PAGE.split("What to watch")[1].split("## ")[0], re.MULTILINE)
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def test_the_table_of_limits_is_the_defaults() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", PAGE, re.MULTILINE)
    assert {name: float(value) for name, value in rows} == {
        field.name: float(getattr(NetLimits(), field.name)) for field in fields(NetLimits)
    }


def test_the_configuration_names_options_that_there_are() -> None:
    run = tomllib.loads(BLOCKS[0])["run"]
    limits, net_limits = run.pop("limits"), run.pop("net_limits")
    assert set(limits) <= {field.name for field in fields(Limits)}
    assert set(net_limits) <= {field.name for field in fields(NetLimits)}
    assert {"origin", *run} <= {"origin", *(field.name for field in fields(ServeOptions))}


def test_the_token_settings_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "auth.toml"
    path.write_text(BLOCKS[1])
    settings = JwtSettings.from_toml(path)
    assert settings.key_file == tmp_path / "secret.key"
    assert len(tomllib.loads(BLOCKS[1])) == len(fields(JwtSettings))


def test_stated_times_are_the_settings() -> None:
    settings = NetSettings()
    assert f"within {settings.drain_s:g} seconds" in " ".join(PAGE.split())
    assert f"`retry in {settings.retry_after_s:g} s`" in PAGE


@pytest.mark.parametrize("name", METRICS)
def test_each_metric_that_it_names_is_there(name: str) -> None:
    source = (ROOT / "gameserver/ops/metrics.py").read_text("utf-8")
    words = name.removeprefix("room_") if name.startswith("room_") else name
    assert f'"{name}"' in source or f'"{words}"' in source


def test_every_page_that_it_points_to_is_there() -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGE)
    assert targets
    assert [target for target in targets if not (ROOT / "docs/guide" / target).exists()] == []
