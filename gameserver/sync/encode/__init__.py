"""From snapshots to the bytes of STATE messages: what each viewer sees, what changed of it, what is sent of that."""
