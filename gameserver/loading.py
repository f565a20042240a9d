"""Loads the class that a command line names as `module:Name`, and says in one sentence why it cannot. When an author's
module fails, the author's own frames follow.
"""

from __future__ import annotations

import importlib
import sys
import sysconfig
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gameserver.room.room import Room
from gameserver.shared_step import SharedStepError
from gameserver.state.errors import DeclarationError

if TYPE_CHECKING:
    from types import ModuleType

_NOT_THE_AUTHORS: Final = tuple(
    {str(Path(__file__).parent), *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))}
)
"""Folders of this package, Python's library, and installed packages."""


class LoadError(Exception):
    """What a command was given cannot be used. The text says why, in one line."""

    def __init__(self, text: str, detail: str = "") -> None:
        """Take the text, and lines that show where in the author's code the error is."""
        super().__init__(text)
        self.detail = detail


def load_object(spec: str) -> Any:
    """Import what `module:name` names. The current folder is searched first.

    Raises:
        LoadError: There is no such module or name, or the module cannot be imported.
    """
    module_name, _, name = spec.partition(":")
    if not module_name or not name:
        raise LoadError(f"{spec!r}: write module:Class, for example mygame:Arena")
    if module_name.endswith(".py") or "/" in module_name:
        raise LoadError(f"{spec!r}: write the name of the module, not its file: {_name_of(module_name)}:{name}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise LoadError(f"no module named {module_name!r} in {here} or the installed packages") from None
        raise import_failed(module_name, error) from error
    except (Exception, SystemExit) as error:
        raise import_failed(module_name, error) from error
    try:
        return getattr(module, name)
    except AttributeError:
        raise LoadError(f"module {module_name!r} has no {name!r}{_other_file(module, here)}") from None


def _name_of(path: str) -> str:
    return path.removeprefix("./").removesuffix(".py").strip("/").replace("/", ".")


def _other_file(module: ModuleType, here: str) -> str:
    """Say which file a module is, when the current folder has another one of its name."""
    own = Path(here, *module.__name__.split(".")).with_suffix(".py")
    found = getattr(module, "__file__", None)
    if not own.exists() or (found is not None and own.samefile(found)):
        return ""
    return f": it is {found or 'a part of Python'}, not {own.name} of this folder, which needs another name"


def authors_files() -> list[str]:
    """Return the files of the modules that are loaded and are neither of this package nor installed."""
    found = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    return sorted(file for file in found if file and not file.startswith(("<", *_NOT_THE_AUTHORS)))


def load_room(spec: str) -> type[Room[Any]]:
    """Import the room class that `module:name` names.

    Raises:
        LoadError: It cannot be imported, or is no room class.
    """
    found = load_object(spec)
    if not (isinstance(found, type) and issubclass(found, Room)) or found is Room:
        raise LoadError(f"{spec} is no Room: write a class that inherits from gameserver.Room")
    return found


def import_failed(module_name: str, error: BaseException) -> LoadError:
    """Return the error that says why a module cannot be imported, and where in the author's code."""
    text, _, lines = str(error).partition("\n")
    if not isinstance(error, SharedStepError):  # whose own lines show the place
        text, lines = " ".join(str(error).split()), authors_lines(error)
    return LoadError(f"{module_name} cannot be imported: {type(error).__name__}: {text}", lines)


def authors_lines(error: BaseException) -> str:
    """Return a traceback's frames in the author's own files; of a syntax error, its place.

    If no frame is in such a file, all are returned, or none where the message names the class that is wrong.
    """
    report = traceback.TracebackException.from_exception(error)
    # Without columns: Python 3.13 would print every line of a class that its statement reaches, earlier ones the first.
    stack = [traceback.FrameSummary(frame.filename, frame.lineno, frame.name) for frame in report.stack]
    own = [frame for frame in stack if not frame.filename.startswith(("<frozen", *_NOT_THE_AUTHORS))]
    if isinstance(error, SyntaxError):
        lines = [*traceback.StackSummary.from_list(own).format(), *list(report.format_exception_only())[:-1]]
    else:
        shown = own if isinstance(error, DeclarationError) else own or stack
        lines = traceback.StackSummary.from_list(shown).format()
    return "".join(lines).rstrip("\n")
