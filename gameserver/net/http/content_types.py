"""The content type of each file, by the end of its name."""

from __future__ import annotations

from typing import Final

_TYPES: Final = {
    ".aac": "audio/aac",
    ".avif": "image/avif",
    ".css": "text/css; charset=utf-8",
    ".flac": "audio/flac",
    ".gif": "image/gif",
    ".glb": "model/gltf-binary",
    ".gltf": "model/gltf+json",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".m4a": "audio/mp4",
    ".map": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".otf": "font/otf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ts": "text/plain; charset=utf-8",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "text/xml; charset=utf-8",
}
_UNKNOWN: Final = "application/octet-stream"
HTML: Final = _TYPES[".html"]

_COMPRESSED: Final = frozenset(
    (".aac", ".avif", ".flac", ".gif", ".jpeg", ".jpg", ".m4a", ".mp3", ".mp4", ".ogg", ".opus", ".png", ".webm",
     ".webp", ".woff", ".woff2")
)  # fmt: skip


def content_type(suffix: str) -> str:
    """Return the content type for the end of a name, such as `.js`, in lower case."""
    return _TYPES.get(suffix, _UNKNOWN)


def is_compressed(suffix: str) -> bool:
    """Whether files whose names end so are compressed by themselves."""
    return suffix in _COMPRESSED
