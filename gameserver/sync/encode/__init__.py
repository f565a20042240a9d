"""From snapshots to the bytes of STATE messages: what each viewer sees, what changed of that, and in which order."""
