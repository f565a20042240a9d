"""What a program that learns to play gets of a room and gives to it: arrays for the state, and values for the inputs.

Environments (`gameserver.gym`) and bots that play a policy (`gameserver.bots.policy`) use the same functions, so that a
policy gets from a real server what it got in training.
"""
