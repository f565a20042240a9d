# The types of bodies.pyx. The class that Python has too is one of its own when it runs.

from gameserver.sync.encode import body

class BodyWriter(body.BodyWriter): ...
