"""HTTP on the server's port: request heads, pages, static files, authentication and the WebSocket upgrade."""
