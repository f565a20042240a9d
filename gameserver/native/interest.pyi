# The types of interest.pyx.

from gameserver.sync.encode.interest import FindNear

near: FindNear
