"""What a room replicates: fields, entities, inputs, the schema of them, and the world that holds them.

Nothing here awaits, opens a socket or reads a clock; nothing here knows of messages or viewers.
"""
