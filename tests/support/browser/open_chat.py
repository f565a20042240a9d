"""The chat in which everybody may say as much as they like, and `Root` is a moderator without a token."""

from gameserver import Player
from gameserver.games import chat


class OpenChat(chat.Chat):
    kind = "chat"
    say_burst = 10_000
    newcomers_burst = 10_000

    def is_moderator(self, player: Player) -> bool:
        return player.params.get("name") == "Root"
