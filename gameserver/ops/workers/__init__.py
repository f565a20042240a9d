"""`gameserver run --workers N`: the processes. `director` is the parent, `worker` each child; what they say to each
other and who belongs where is in gameserver.net.workers.
"""
