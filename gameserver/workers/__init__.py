"""Several processes behind one port: which process has which room, and how a link gets to it. Optional: a server that
is one process uses nothing of this.

The director is the parent process. It decides where links belong, and never reads or writes a game's bytes. A worker is
a process that serves rooms of its own. At any time one process owns a link. A worker that dies takes only its own rooms
with it. docs/decisions/0014-workers.md gives the reasons.

The command of a worker process, its options, its logging and its metrics are handed in by `gameserver.ops`.
"""
