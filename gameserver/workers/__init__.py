"""Several processes behind one port: who has which room, and how a link gets there. Opt-in: `Server.handoff` is None in
a process that works alone.

Invariants: the director (the parent process) places links and never reads or writes a game's bytes; a link is owned by
one process at any time; a process that dies takes only its own rooms. docs/decisions/0014-workers.md says why.
"""
