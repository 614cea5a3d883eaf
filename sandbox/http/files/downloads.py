"""Serves the file host: GET /files/… by signed URL, refusing as object stores refuse, and breaking as they break.

Reads from the spool in a thread, a chunk at a time: a 5 GB file costs one chunk of memory.
"""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from forebay.sandbox.faults import Fault, FaultName, Operation
from forebay.sandbox.http.files.gzipped_body import compressed_on_the_way
from forebay.sandbox.http.files.links import Validity
from forebay.sandbox.http.sever import sever
from forebay.sandbox.http.spoiled import SPOILS, spoiled
from forebay.sandbox.setting_choices import CsvEncoding
from forebay.sandbox.world import World

_CHUNK_BYTES = 256 * 1024
_CUT_BODIES = (FaultName.TRUNCATED, FaultName.RESET, FaultName.EXPIRES_MIDWAY)
_BROKEN_BODIES = (*_CUT_BODIES, FaultName.SHORT_BODY, FaultName.CORRUPT_BYTE)
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_MEDIA_TYPES = {".csv": "text/csv; charset=utf-8", ".zip": "application/zip"}


async def _download(request: Request) -> Response:
    world: World = request.app.state.world
    world.counts.arrived(Operation.DOWNLOAD)
    if slow := world.faults.strike(Operation.DOWNLOAD, FaultName.SLOW):
        await asyncio.sleep(slow.delay_s)
    response = _refusal(request, world) or _spoiled(request, world) or _body(request, world)
    world.counts.answered(Operation.DOWNLOAD, response.status_code)
    return response


ROUTES = [Route("/files/{name}", _download, methods=["GET"])]


def _refusal(request: Request, world: World) -> Response | None:
    if fault := world.faults.strike(Operation.DOWNLOAD, FaultName.DOWNLOAD_ERROR):
        return _xml(fault.status, "InternalError", "We encountered an internal error. Please try again.")
    if "Authorization" in request.headers:
        world.counts.downloads_with_api_key += 1
        return _xml(
            400, "InvalidArgument", "Only one auth mechanism allowed: the URL is signed, send no Authorization."
        )
    name = request.path_params["name"]
    expires, signature = request.query_params.get("expires", ""), request.query_params.get("signature", "")
    validity = world.links.judge(name, expires, signature, world.now_ns())
    if validity is Validity.FORGED:
        return _xml(403, "SignatureDoesNotMatch", "The signature does not match the URL.")
    if validity is Validity.EXPIRED:
        return _xml(403, "AccessDenied", "Request has expired")
    if not (world.spool / name).is_file():
        return _xml(404, "NoSuchKey", "The specified key does not exist.")
    return None


def _spoiled(request: Request, world: World) -> Response | None:
    path = world.spool / request.path_params["name"]
    fault = world.faults.strike(Operation.DOWNLOAD, *SPOILS)
    if fault is None:
        return None
    with path.open("rb") as file:
        return spoiled(fault, file.read(_CHUNK_BYTES), _MEDIA_TYPES[path.suffix])


def _xml(status: int, code: str, message: str) -> Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(body, status_code=status, media_type="application/xml")


def _body(request: Request, world: World) -> Response:
    path = world.spool / request.path_params["name"]
    size = path.stat().st_size
    first, last = 0, size - 1
    wanted = _RANGE.fullmatch(request.headers.get("Range", "")) if world.settings.range_support else None
    if world.settings.if_range and request.headers.get("If-Range", _etag(path, size)) != _etag(path, size):
        wanted = None
    if wanted:
        first, last = int(wanted[1]), min(int(wanted[2] or last), last)
        if first > last:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    if path.suffix == ".csv" and world.settings.csv_encoding is CsvEncoding.GZIP:
        return compressed_on_the_way(path, _MEDIA_TYPES[path.suffix])
    broken = world.faults.strike(Operation.DOWNLOAD, *_BROKEN_BODIES)
    if broken and broken.name is FaultName.EXPIRES_MIDWAY:
        world.links.revoke(request.query_params["signature"])
    return _FileStream(world, _Slice(path=path, first=first, last=last, size=size, partial=bool(wanted)), broken)


def _etag(path: Path, size: int) -> str:
    """Names a content. One name, one content: a result never changes once it exists."""
    return f'"{path.stem}-{size}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slice:
    path: Path
    first: int
    last: int
    size: int
    partial: bool

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class _FileStream(Response):
    def __init__(self, world: World, piece: _Slice, fault: Fault | None) -> None:
        self._world, self._piece, self._fault = world, piece, fault
        self._cut_at = int(piece.length * fault.percent / 100) if fault and self._is(*_CUT_BODIES) else None
        length = max(0, piece.length - fault.bytes) if fault and self._is(FaultName.SHORT_BODY) else piece.length
        self._length = length
        super().__init__(status_code=206 if piece.partial else 200)
        self.headers["Content-Length"] = str(length)
        self.headers["Content-Type"] = _MEDIA_TYPES[piece.path.suffix]
        self.headers["ETag"] = _etag(piece.path, piece.size)
        if world.settings.range_support:
            self.headers["Accept-Ranges"] = "bytes"
        if piece.partial:
            self.headers["Content-Range"] = f"bytes {piece.first}-{piece.last}/{piece.size}"

    def _is(self, *names: FaultName) -> bool:
        return self._fault is not None and self._fault.name in names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        counts = self._world.counts
        counts.downloads_started += 1
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        sent = 0
        end = self._length if self._cut_at is None else self._cut_at
        async with await anyio.open_file(self._piece.path, "rb") as file:
            await file.seek(self._piece.first)
            while sent < end and (chunk := await file.read(min(_CHUNK_BYTES, end - sent))):
                await send({"type": "http.response.body", "body": self._spoil(chunk, sent), "more_body": True})
                sent += len(chunk)
                counts.bytes_served += len(chunk)
        if self._cut_at is not None:
            await sever(scope, receive, reset=self._is(FaultName.RESET))
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        counts.downloads_finished += 1

    def _spoil(self, chunk: bytes, offset: int) -> bytes:
        middle = self._length // 2 - offset
        if not self._is(FaultName.CORRUPT_BYTE) or not 0 <= middle < len(chunk):
            return chunk
        return chunk[:middle] + bytes([chunk[middle] ^ 1]) + chunk[middle + 1 :]
