"""The face that a game author imports."""

__version__ = "0.1.0"
