"""Certificates for tests of TLS."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path


class Authority:
    """A certificate authority, and a server certificate in a folder."""

    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.cert, self.key = folder / "cert.pem", folder / "key.pem"
        self.issue()

    def issue(self) -> None:
        """Write a new certificate, and its key."""
        leaf = self.ca.issue_cert("localhost", "127.0.0.1")
        self.key.write_bytes(leaf.private_key_pem.bytes())
        self.cert.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))

    def client(self) -> ssl.SSLContext:
        """A client's context that trusts this authority."""
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        return context
