"""What an operator uses: logs, metrics, process statistics, recordings as files, and how the server is started."""
