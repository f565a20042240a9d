"""HTTP/1.1: request heads, pages, static files, authentication and the WebSocket upgrade.

Only `http_connection` reads and writes a stream; the other modules turn values into values.
"""
