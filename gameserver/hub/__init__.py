"""The rooms of one process and the way in: links, admission, tokens. Nothing here awaits, opens a socket or reads a
clock."""
