"""From STATE messages to the state that a client holds. A message is checked in full before a new state exists."""
