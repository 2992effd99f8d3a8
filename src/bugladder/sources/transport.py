"""Decides how an index is reached: HTTP with a few retries of the connection, or a folder by file://."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

_CONNECT_RETRIES = 2


def make_session() -> requests.Session:
    """A session that the index client may close; it reads proxies and certificates from the usual variables."""
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=_CONNECT_RETRIES))
    session.mount("file://", FolderAdapter())
    return session


class FolderAdapter(BaseAdapter):
    """Serves file:// addresses; a folder answers with its index.html."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - the signature is the library's
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer with the file's bytes, or 404."""
        del stream, timeout, verify, cert, proxies
        path = Path(unquote(urlsplit(request.url or "").path))
        path = path / "index.html" if path.is_dir() else path
        response = requests.Response()
        response.request = request
        response.url = request.url or ""
        is_there = path.is_file()
        response.status_code = 200 if is_there else 404
        response.headers["Content-Type"] = "text/html" if path.suffix == ".html" else "application/octet-stream"
        response.raw = BytesIO(path.read_bytes() if is_there else b"")
        return response

    def close(self) -> None:
        """Nothing is held."""
