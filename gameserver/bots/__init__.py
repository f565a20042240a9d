"""Bots: clients without a screen. They join rooms over real WebSockets, play, check what they receive, and report."""

from gameserver.bots.bot import Bot
from gameserver.bots.bot_session import BotSession, RoomEnded
from gameserver.bots.brains import Brain, Perception
from gameserver.bots.checks import SpeedLimit
from gameserver.bots.crowd import keep_playing, run_bots
from gameserver.bots.report import Report
from gameserver.bots.rules import Rules

__all__ = [
    "Bot",
    "BotSession",
    "Brain",
    "Perception",
    "Report",
    "RoomEnded",
    "Rules",
    "SpeedLimit",
    "keep_playing",
    "run_bots",
]
