"""A registry of images on this machine, pull only: real images from the engine, and refusals on demand."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from docker_engine import api, forget

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Registry:
    """Serves what was pushed to it; `refusals` requests for manifests are answered by 429."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self._layers: dict[str, bytes] = {}
        self.refusals = 0
        self.pulls: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()

    def push(self, local: str, name: str) -> str:
        """Take an image from the engine under a name; its reference in this registry."""
        saved = io.BytesIO(b"".join(api().get_image(local)))
        with tarfile.open(fileobj=saved) as archive:
            (listed,) = json.load(archive.extractfile("manifest.json"))
            config = archive.extractfile(listed["Config"]).read()
            layers = [self._packed(archive.extractfile(path).read()) for path in listed["Layers"]]
        kind = "application/vnd.docker.image.rootfs.diff.tar.gzip"
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self._kept(config, "application/vnd.docker.container.image.v1+json"),
            "layers": [self._kept(layer, kind) for layer in layers],
        }
        text = json.dumps(manifest).encode()
        for reference in ("latest", _digest(text)):
            self.manifests[f"{name}:{reference}"] = text
        return f"{self.host}/{name}:latest"

    def _packed(self, layer: bytes) -> bytes:
        # images share most of what they are made of
        digest = _digest(layer)
        if digest not in self._layers:
            self._layers[digest] = gzip.compress(layer, 1, mtime=0)
        return self._layers[digest]

    def _kept(self, content: bytes, kind: str) -> dict[str, object]:
        self.blobs[_digest(content)] = content
        return {"mediaType": kind, "size": len(content), "digest": _digest(content)}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, kind, content = registry._answer(self.path, self.command)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Docker-Content-Digest", _digest(content))
                self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(content)

            do_HEAD = do_GET  # noqa: N815 - the name is the host's

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler

    def _answer(self, path: str, method: str) -> tuple[int, str, bytes]:
        if path.rstrip("/") == "/v2":
            return 200, "application/json", b"{}"
        name, _, rest = path.removeprefix("/v2/").rpartition("/")
        name, _, kind = name.rpartition("/")
        if kind == "blobs" and rest in self.blobs:
            return 200, "application/octet-stream", self.blobs[rest]
        if kind == "manifests" and self.refusals:
            self.refusals -= 1
            words = "You have reached your pull rate limit."
            return 429, "application/json", _refusal("TOOMANYREQUESTS", words)
        if kind == "manifests" and f"{name}:{rest}" in self.manifests:
            if method == "GET":
                self.pulls.append(name)
            return 200, MANIFEST, self.manifests[f"{name}:{rest}"]
        return 404, "application/json", _refusal("MANIFEST_UNKNOWN", "manifest unknown")


@contextmanager
def open_registry() -> Iterator[Registry]:
    """A registry that ends with the context; what was pulled from it goes too."""
    registry = Registry()
    try:
        yield registry
    finally:
        registry.close()
        tags = [t for image in api().images() for t in image["RepoTags"] or () if t.startswith(f"{registry.host}/")]
        forget(*tags)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _refusal(code: str, words: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": words}]}).encode()
