"""Players find each other. What is here takes values and returns values, as everything below `net/` does."""
