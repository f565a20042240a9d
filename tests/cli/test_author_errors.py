"""An error in an author's module is shown with the author's own lines, and no others."""

import textwrap
from pathlib import Path

import pytest

from gameserver.cli import main


def lines_of(module: str, capsys: pytest.CaptureFixture[str], command: str = "run") -> list[str]:
    """What the command says on standard error about a module, with the mark under a column left out."""
    with pytest.raises(SystemExit) as ended:
        main([command, f"{module}:Game"])
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    return [line for line in said.err.splitlines() if line.strip(" ^~")]


def write(name: str, source: str) -> str:
    path = Path(f"{name}.py").absolute()
    path.write_text(textwrap.dedent(source))
    return str(path)


@pytest.mark.parametrize("command", ["run", "check"])
def test_an_exception_shows_the_way_to_it(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(
        f"divides_{command}",
        """\
        import json

        def load(text):
            return json.loads(text)

        load("{")
        """,
    )
    assert lines_of(f"divides_{command}", capsys, command) == [
        f"gameserver: divides_{command} cannot be imported: JSONDecodeError: "
        "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        f'  File "{path}", line 6, in <module>',
        '    load("{")',
        f'  File "{path}", line 4, in load',
        "    return json.loads(text)",
    ]


def test_a_module_that_imports_another_which_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    path = write("imports", "import nosuchthing\n")
    assert lines_of("imports", capsys) == [
        "gameserver: imports cannot be imported: ModuleNotFoundError: No module named 'nosuchthing'",
        f'  File "{path}", line 1, in <module>',
        "    import nosuchthing",
    ]


def test_a_syntax_error_shows_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    path = write("unfinished", "x = 1\ny = (x\n")
    first, *rest = lines_of("unfinished", capsys)
    assert first.startswith("gameserver: unfinished cannot be imported: SyntaxError: '(' was never closed")
    assert rest == [f'  File "{path}", line 2', "    y = (x"]


def test_a_declaration_shows_its_class(capsys: pytest.CaptureFixture[str]) -> None:
    path = write("declares", "from gameserver import Entity, Float\n\nclass A(Entity):\n    x = Float(step=-1)\n")
    first, *rest = lines_of("declares", capsys)
    assert "DeclarationError: A.x: step is -1" in first
    assert rest == [f'  File "{path}", line 3, in <module>', "    class A(Entity):"]


def test_a_module_that_ends_the_process(capsys: pytest.CaptureFixture[str]) -> None:
    path = write("ends", "import sys\n\nsys.exit(0)\n")
    assert lines_of("ends", capsys) == [
        "gameserver: ends cannot be imported: SystemExit: 0",
        f'  File "{path}", line 3, in <module>',
        "    sys.exit(0)",
    ]


def test_a_shared_step_that_is_refused_shows_its_line_and_column(capsys: pytest.CaptureFixture[str]) -> None:
    path = write(
        "steps",
        """\
        from gameserver import shared

        @shared
        def move(me, controls, dt):
            me.x += print(dt)
        """,
    )
    with pytest.raises(SystemExit):
        main(["run", "steps:Game"])
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.startswith(f"gameserver: steps cannot be imported: SharedStepError: {path}:5:13: @shared move:")
    assert rest == ["    me.x += print(dt)", "            ^"]


def test_what_a_module_says_reaches_no_terminal_as_a_control_sequence(capsys: pytest.CaptureFixture[str]) -> None:
    write("loud", "raise ValueError('\\x1b[2J')\n")
    assert all("\x1b" not in line for line in lines_of("loud", capsys))
