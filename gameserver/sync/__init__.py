"""What crosses the wire and when: snapshots, deltas, views, events, inputs, clocks. Nothing here awaits, reads a clock
or opens a socket."""
