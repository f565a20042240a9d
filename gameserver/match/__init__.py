"""Players find each other: lobbies, queues and parties are rooms, and what a good match is takes values and returns
values.

    from gameserver.match import MatchRules, Party, Queue
"""

from gameserver.match.matcher import MatchRules
from gameserver.match.party import Party, PartyState
from gameserver.match.queue import Queue
from gameserver.match.tickets import Match, Ticket

__all__ = ["Match", "MatchRules", "Party", "PartyState", "Queue", "Ticket"]
