"""What a room replicates: fields, entities, inputs, their schema, and the world that holds the entities.

Nothing here awaits, opens a socket or reads a clock. Nothing here knows about messages or viewers.
"""
