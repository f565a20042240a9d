"""What an operator uses: commands, logs, metrics, checks. It sits on top of everything else."""
