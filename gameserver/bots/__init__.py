"""Players without a screen: they join over real WebSockets, play, check all that they receive, and report."""

from gameserver.bots.brains import Brain, Sight
from gameserver.bots.checks import SpeedLimit
from gameserver.bots.crowd import Rules, keep_playing, run_bots
from gameserver.bots.report import Report

__all__ = ["Brain", "Report", "Rules", "Sight", "SpeedLimit", "keep_playing", "run_bots"]
