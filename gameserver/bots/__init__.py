"""Bots: clients without a screen. They join rooms over real WebSockets, play, check what they receive, and report."""

from gameserver.bots.brains import Brain, Perception
from gameserver.bots.checks import SpeedLimit
from gameserver.bots.crowd import Rules, keep_playing, run_bots
from gameserver.bots.report import Report

__all__ = ["Brain", "Perception", "Report", "Rules", "SpeedLimit", "keep_playing", "run_bots"]
