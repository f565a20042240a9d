"""A room's whole influence from outside as bytes, and what can be made of it: a timeline, a replay, a check."""
