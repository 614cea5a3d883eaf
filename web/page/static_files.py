"""Serves the page's own files under names that change with their bytes, so that a browser never asks for one twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"


class StaticFiles:
    """The files of one folder, read once: they are few and small."""

    def __init__(self, folder: Path = FOLDER) -> None:
        files = [path for path in sorted(folder.rglob("*")) if path.suffix in _TYPES]
        self._bytes = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
        self._marks = {name: hashlib.sha256(data).hexdigest()[:16] for name, data in self._bytes.items()}

    def path_of(self, name: str) -> str:
        """Gives the path under which a file of this name is served now. Raises KeyError."""
        return f"/static/{self._marks[name]}/{name}"

    @property
    def serve(self) -> Callable[[Request], Response]:
        """Gives the handler of `/static/{mark}/{name:path}`."""

        def serve(request: Request) -> Response:
            name, mark = str(request.path_params["name"]), request.path_params["mark"]
            data = self._bytes.get(name)
            if data is None:
                return Response("there is no such file\n", 404, media_type="text/plain")
            kind = _TYPES["." + name.rpartition(".")[2]]
            # Of another release's page: it gets what there is, and does not keep it.
            keep = _FOR_EVER if mark == self._marks[name] else "no-store"
            return Response(data, media_type=f"{kind}; charset=utf-8", headers={"cache-control": keep})

        return serve
