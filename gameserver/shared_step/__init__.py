"""Shared steps: rules written once in Python that run on the server and, translated to JavaScript, in every browser.

The server runs the author's function itself. The translation gives the same doubles, bit by bit. Nothing in this
package does input or output, except that declaring a function reads its source text.
"""

from gameserver.shared_step.declare import shared
from gameserver.shared_step.errors import SharedStepError
from gameserver.shared_step.translate import fingerprint, to_module, touches

__all__ = ["SharedStepError", "fingerprint", "shared", "to_module", "touches"]
