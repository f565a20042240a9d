"""What crosses the wire, and when: snapshots, deltas, views, events and inputs.

Nothing here awaits, reads a clock or opens a socket. `encode/` turns snapshots into bytes and `decode/` bytes into
snapshots; neither imports the other. The modules beside them are used in both directions.
"""
