"""What goes wrong with state: a declaration that cannot work, a value that cannot be replicated.

Both are mistakes of the game's author, never of a client: they are loud, and say what to write instead.
"""


class DeclarationError(TypeError):
    """An `Entity` or `Inputs` class is declared in a way that cannot work; raised when the class is made."""


class StateError(ValueError):
    """A replicated attribute holds what its field cannot carry; names the class, the field and the entity's id."""
