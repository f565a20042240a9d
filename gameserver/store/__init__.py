"""What outlives a process: one SQLite file, written by one thread."""
