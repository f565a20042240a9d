"""Options from the environment and from `gameserver.toml`.

A name or value that cannot be used is an error, whose text names the file or variable, the key and the value. The
environment is read first: a source never replaces a value that an earlier one gave, and flags are the first of all.
"""

from __future__ import annotations

import os
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin

from cyclopts import CycloptsError, Token
from cyclopts.config import Env

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cyclopts import App, Argument, ArgumentCollection

FILE_NAME: Final = "gameserver.toml"
ENVIRONMENT_PREFIX: Final = "GAMESERVER_"
FALLBACKS: Final = {"dev": "run"}
"""Commands, and the section from which they take what their own has not: a game is served and written with the same
rooms and pages."""
ITS_OWN: Final = {"dev": frozenset({"data", "host", "host_name", "origin", "publish_key"})}
"""What they do not take from there: a change that loses rooms would lose those of the players, and what is written
should not be open to other machines because what is served is."""


class Origins:
    """Where options got their values that are on no command line, for messages of errors that are found later."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def clear(self) -> None:
        """Forget everything, before another command line is read."""
        self._texts.clear()

    def add(self, argument: Argument, text: str) -> None:
        """Note how the value of an option is written where it stands."""
        self._texts[_path(argument)[-1]] = text

    def has(self, option: str) -> bool:
        """Return whether an option has its value from elsewhere than the command line."""
        return option in self._texts

    def describe(self, option: str, error: object, *, flag: bool = False) -> str:
        """Return an error's text with what gave the option its value in front, if that was not the command line.

        Args:
            option: The option's last word, with underscores: "max_rooms".
            error: What is wrong with it.
            flag: Whether the option as a flag stands in front otherwise.
        """
        text = self._texts.get(option)
        if text is not None:
            return f"{text}: {error}"
        return f"{_flag(option)} {error}" if flag else str(error)

    def place(self, option: str, value: object) -> str:
        """Return an option and its value as they are written where they come from."""
        return self._texts.get(option, f"{_flag(option)} {value}")


ORIGINS: Final = Origins()
"""Those of the command line that was read last."""


class Environment(Env):
    """Reads variables such as GAMESERVER_RUN_PORT. One that is empty counts as not set; lists are split at spaces."""

    def __call__(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """Give values to the arguments that have none yet.

        Raises:
            CycloptsError: A variable with the command's prefix names no option of it.
        """
        ORIGINS.clear()
        if not commands:
            return
        prefix = ENVIRONMENT_PREFIX + "_".join(commands).upper() + "_"
        options = {prefix + "_".join(_path(argument)).upper(): argument for argument in _options(arguments)}
        for name, value in sorted(os.environ.items()):
            if not name.startswith(prefix) or not value:
                continue
            if name not in options:
                raise CycloptsError(msg=f"{name}={value}: there is no such option{_suggestion(name, options)}")
            argument = options[name]
            values = value.split() if _is_list(argument.hint) else [value]
            _give(argument, values, name, "the environment", f"{name}={value}")


class ConfigurationFile:
    """Reads the section of a command from `gameserver.toml` in the current folder, if there is one."""

    def __init__(self, commands: Sequence[str]) -> None:
        """Take the names of the commands, which are the sections that a file may have."""
        self._commands = commands

    def __call__(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """Give values to the arguments that have none yet.

        Raises:
            CycloptsError: The file cannot be read, has a section or key that means nothing, or a value of a wrong type.
        """
        if not commands:
            return
        sections = _read(Path(FILE_NAME))
        for name, section in sections.items():
            if not isinstance(section, dict):
                raise _problem(name, section, f"options stand in the section of their command, such as [{commands[0]}]")
            if name not in self._commands:
                known = ", ".join(self._commands)
                raise CycloptsError(msg=f"{FILE_NAME}: [{name}]: there is no such command; there are {known}")
        options = {_path(argument): argument for argument in _options(arguments)}
        for path, value in _flat(sections.get(commands[0], {}), ()):
            _take(commands[0], options, path, value)
        fallback = FALLBACKS.get(commands[0], "")
        own = ITS_OWN.get(commands[0], frozenset())
        for path, value in _flat(sections.get(fallback, {}), ()):
            option = tuple(word.replace("-", "_") for word in path)
            if option in options and option[-1] not in own:  # the others are that command's only
                _take(fallback, options, path, value)


def _take(command: str, options: Mapping[tuple[str, ...], Argument], path: tuple[str, ...], value: object) -> None:
    """Give one value of the file to its option, unless that has one."""
    key = ".".join((command, *path))
    argument = options.get(tuple(word.replace("-", "_") for word in path))
    if argument is None:
        if any(option[: len(path)] == path for option in options):
            raise _problem(key, value, f"write a section [{key}]")
        names = [".".join((command, *option)) for option in options]
        raise _problem(key, value, "there is no such option" + _suggestion(key, names))
    wanted = _wanted(argument.hint, value)
    if wanted:
        raise _problem(key, value, wanted)
    values = value if isinstance(value, list) else [value]
    _give(argument, [_as_text(item) for item in values], key, FILE_NAME, _written(key, value))


def _give(argument: Argument, values: Iterable[str], key: str, source: str, origin: str) -> None:
    if argument.has_tokens:
        return
    for index, value in enumerate(values):
        argument.append(Token(keyword=key, value=value, source=source, index=index))
    ORIGINS.add(argument, origin)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))  # editors on Windows put a mark at the beginning
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CycloptsError(msg=f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise CycloptsError(msg=f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise CycloptsError(msg=f"{path}: {error}") from None


def _options(arguments: ArgumentCollection) -> Iterable[Argument]:
    """Return the arguments that take a value themselves."""
    return (argument for argument in arguments if not argument.children and argument.parse)


def _path(argument: Argument) -> tuple[str, ...]:
    """Return an option's name in parts: ("limits", "max_rooms")."""
    return tuple(part.replace("-", "_") for part in argument.name.lower().lstrip("-").split("."))


def _flat(table: Mapping[str, object], path: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, (*path, key))
        else:
            yield (*path, key), value


def _flag(option: str) -> str:
    return "--" + option.replace("_", "-")


def _is_list(hint: Any) -> bool:
    return get_origin(hint) is tuple


def _members(hint: Any) -> tuple[Any, ...]:
    """Return the types that a value of an option may have, without None."""
    if get_origin(hint) is Literal or not get_args(hint):
        return (hint,)
    return tuple(member for member in get_args(hint) if member is not type(None))


def _wanted(hint: Any, value: object) -> str:
    """Return what to write instead of a value that does not fit an option's type, or ""."""
    if _is_list(hint):
        if not isinstance(value, list):
            return "write a list, in [ ]"
        item_hint = get_args(hint)[0]
        return next((f"in the list, {wanted}" for item in value if (wanted := _wanted(item_hint, item))), "")
    hint = _members(hint)[0]
    if hint is bool:
        return "" if isinstance(value, bool) else "write true or false"
    if hint is int:
        return "" if isinstance(value, int) and not isinstance(value, bool) else "write a whole number"
    if hint is float:
        return "" if isinstance(value, int | float) and not isinstance(value, bool) else "write a number"
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        return "" if value in choices else f"write one of {', '.join(map(_as_toml, choices))}"
    return "" if isinstance(value, str) else 'write a text, in " "'


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _as_toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_as_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else _as_text(value)


def _written(key: str, value: object) -> str:
    return f"{FILE_NAME}: {key} = {_as_toml(value)}"


def _problem(key: str, value: object, problem: str) -> CycloptsError:
    return CycloptsError(msg=f"{_written(key, value)}: {problem}")


def _suggestion(name: str, names: Iterable[str]) -> str:
    close = get_close_matches(name, list(names), n=1)
    return f"; did you mean {close[0]}?" if close else ""
