"""The `gameserver` command, one module a subcommand.

A command line, a configuration or a named class that cannot be used ends in one line on standard error and exit status
2. After an error in an author's module follow the author's own lines; a whole traceback is a bug. Options also come
from the environment (`GAMESERVER_RUN_PORT=9000`) and from `gameserver.toml` in the current folder (`[run]`, `port =
9000`). A flag takes precedence over the environment, and the environment over the file.
"""

from gameserver.cli.app import main

__all__ = ["main"]
