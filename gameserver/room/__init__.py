"""Rooms: the author's rules, the tick that runs them, and who takes part. Nothing here awaits, waits or knows a
socket."""
