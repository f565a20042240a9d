"""The step that runs on both sides: rules written once in Python, run here and, translated, in every browser.

Invariant: what runs here is the author's function itself; what runs there gives the same doubles, bit by bit. Nothing
in this package does input or output, apart from reading the source text of a function that is being declared.
"""

from gameserver.shared_step.declare import shared
from gameserver.shared_step.errors import SharedStepError
from gameserver.shared_step.translate import fingerprint, to_module, touches

__all__ = ["SharedStepError", "fingerprint", "shared", "to_module", "touches"]
