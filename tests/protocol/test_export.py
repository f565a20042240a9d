"""The browser's constants are the server's."""

from pathlib import Path

import pytest

from gameserver.protocol import CLOSE, export


def test_generated_constants_are_not_stale() -> None:
    assert export.main(["--check"]) == 0, "run python -m gameserver.protocol.export"


def test_a_file_that_is_out_of_date_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "constants.js"
    assert export.main(["--check"], target) == 1
    assert export.main([], target) == 0
    assert export.main(["--check"], target) == 0
    target.write_text(target.read_text().replace("DEAD: 4009", "DEAD: 4010"))
    assert export.main(["--check"], target) == 1
    assert "constants.js is out of date" in capsys.readouterr().err


def test_every_close_code_says_in_javascript_what_to_do() -> None:
    text = export.render()
    for code in CLOSE:
        assert f'\n    name: "{code.name}",\n' in text
