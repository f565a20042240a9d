"""From the bytes of STATE messages to the state that a client holds: parse everything, then commit."""
