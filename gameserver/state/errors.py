"""Errors of the state layer: an invalid declaration, and a value that cannot be replicated.

Both are mistakes of the game's author, never of a client. Their messages say what to write instead.
"""


class DeclarationError(TypeError):
    """An `Entity` or `Inputs` class, or a set of them, is declared wrongly. Raised when the class is created."""


class StateError(ValueError):
    """A replicated attribute holds a value that its field cannot encode; names class, field and entity."""
