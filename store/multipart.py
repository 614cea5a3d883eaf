"""Streams one object to S3 in bounded memory: small ones by a single put, larger ones by a multipart upload.

Reading the source and sending parts overlap: a few threads send while the caller fills the next part.
"""

import logging
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from forebay.store.errors import Incomplete, StoreError
from forebay.store.part_buffer import PartBuffer
from forebay.store.part_sums import PartSums, content_md5
from forebay.store.s3errors import translated

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)

#: S3's own limits.
MAX_PARTS = 10_000
MAX_OBJECT_BYTES = 5 << 40
#: With the part being filled that makes four in memory; of larger ones than the first three.
PARTS_IN_FLIGHT, LARGER_IN_FLIGHT = 3, 2
#: Answers to a header that the server does not know.
_NOT_UNDERSTOOD = {400, 501}
#: From which part on parts are twice as large as those before: they are what takes memory. From 5 MiB, an object of up
#: to 5 GiB, which is every result of Stripe as it arrives, is sent in parts of 5 MiB alone, and one of 50 GB, to which
#: such a one may inflate, in parts of no more than 10. The last 4,000 hold more than S3's largest object, so an upload
#: of unknown length never dies at part 10,000.
_DOUBLED_AT = (1_025, *range(6_001, MAX_PARTS, 400))
_MOST_PART_BYTES = 5 << 30


def part_size(number: int, first: int) -> int:
    """Computes the bytes of part `number` (from 1), if the first parts have `first` bytes."""
    return min(first << bisect_right(_DOUBLED_AT, number), _MOST_PART_BYTES)


class Multipart:
    """A `Writer` to one S3 key. Made by `opened`, which also cleans up after it."""

    def __init__(
        self, client: "S3Client", target: dict[str, str], headers: dict[str, str], first: int, sums: PartSums
    ) -> None:
        self._client = client
        self._target: Any = target
        self._headers: Any = headers
        self._first = first
        self._sums = sums
        self._by_crc = False
        self._filling = PartBuffer(first)
        self._idle: list[PartBuffer] = []
        self._written = 0
        self._upload_id = ""
        self._parts: list[dict[str, Any]] = []
        self._sending: deque[tuple[Future[dict[str, Any]], PartBuffer]] = deque()
        self._threads: ThreadPoolExecutor | None = None
        self._closed = False

    @classmethod
    @contextmanager
    def opened(
        cls, client: "S3Client", bucket: str, key: str, content_type: str | None, *, part_bytes: int, sums: PartSums
    ) -> Iterator["Multipart"]:
        """Opens a writer that aborts its upload when the block ends without a commit."""
        headers = {"ContentType": content_type} if content_type else {}
        writer = cls(client, {"Bucket": bucket, "Key": key}, headers, part_bytes, sums)
        try:
            yield writer
        finally:
            writer._close()

    def write(self, data: bytes) -> None:
        if self._closed:
            raise ValueError("the writer is closed")
        self._written += len(data)
        rest = memoryview(data)
        # One byte more than a part is waited for: an object of exactly one part then still is a single put.
        while (left := self._filling.left) < len(rest):
            self._filling.take(rest[:left])
            self._send_part()
            rest = rest[left:]
        self._filling.take(rest)

    def commit(self) -> None:
        if self._closed:
            raise ValueError("the writer is closed")
        if not self._upload_id:
            self._put_whole()
        else:
            self._complete()
        self._closed = True
        self._verify()

    def _put_whole(self) -> None:
        whole = self._filling
        with self._errors():
            self._client.put_object(
                **self._target, **self._headers, Body=whole.body(), ContentMD5=content_md5(whole.filled_bytes)
            )

    def _complete(self) -> None:
        self._send_part()
        while self._sending:
            self._await_oldest()
        parts: Any = {"Parts": self._parts}
        with self._errors():
            self._client.complete_multipart_upload(**self._target, UploadId=self._upload_id, MultipartUpload=parts)
        self._upload_id = ""

    def _send_part(self) -> None:
        """Sends what is filled as the next part, once one that is sent has made room for it."""
        if self._threads is None:
            with self._errors():
                self._begin()
            self._threads = ThreadPoolExecutor(PARTS_IN_FLIGHT, thread_name_prefix="s3-part")
        most = PARTS_IN_FLIGHT if self._filling.room_bytes <= self._first else LARGER_IN_FLIGHT
        while len(self._sending) >= most:
            self._await_oldest()
        number, part = self._next_number(), self._filling
        self._sending.append((self._threads.submit(self._upload, number, part), part))
        self._filling = self._empty_buffer()

    def _next_number(self) -> int:
        return len(self._parts) + len(self._sending) + 1

    def _empty_buffer(self) -> PartBuffer:
        """Takes one whose part has been sent, if it is large enough for the next part."""
        room_bytes = part_size(self._next_number(), self._first)
        self._idle = [buffer for buffer in self._idle if buffer.room_bytes == room_bytes]
        return self._idle.pop() if self._idle else PartBuffer(room_bytes)

    def _begin(self) -> None:
        """Begins the upload, asking for CRC-32 where nobody has refused that yet."""
        if not self._sums.refuses_crc:
            try:
                self._upload_id = self._begun(ChecksumAlgorithm="CRC32")
            except ClientError as refusal:
                if refusal.response["ResponseMetadata"]["HTTPStatusCode"] not in _NOT_UNDERSTOOD:
                    raise
            else:
                self._by_crc = True
                return
        self._upload_id = self._begun()
        self._sums.refuses_crc = True

    def _begun(self, **headers: Any) -> str:
        return self._client.create_multipart_upload(**self._target, **self._headers, **headers)["UploadId"]

    def _await_oldest(self) -> None:
        sent, buffer = self._sending.popleft()
        self._parts.append(sent.result())
        buffer.empty()
        self._idle.append(buffer)

    def _upload(self, number: int, part: PartBuffer) -> dict[str, Any]:
        """Sends a part; gives what completes the upload."""
        sums = self._sums.of(part.filled_bytes, by_crc=self._by_crc)
        proof: Any = sums
        with self._errors():
            answer = self._client.upload_part(
                **self._target, UploadId=self._upload_id, PartNumber=number, Body=part.body(), **proof
            )
        self._sums.learn(sums, answer, self._target["Key"])
        kept = {name: value for name, value in answer.items() if name in ("ETag", "ChecksumCRC32")}
        return {"PartNumber": number, **kept}

    def _verify(self) -> None:
        with self._errors():
            stored = self._client.head_object(**self._target)["ContentLength"]
            if stored != self._written:
                self._client.delete_object(**self._target)
                raise Incomplete(self._target["Key"], written=self._written, stored=stored)

    def _close(self) -> None:
        self._closed = True
        if self._threads is not None:
            # A part that lands after the abort would stay, unseen and paid for; so wait for those under way.
            self._threads.shutdown(wait=True, cancel_futures=True)
        if self._upload_id:
            self._abort()

    def _abort(self) -> None:
        try:
            with self._errors():
                self._client.abort_multipart_upload(**self._target, UploadId=self._upload_id)
        except StoreError as exc:
            # The error that made us abort matters more; a lifecycle rule of the bucket ends what is left.
            log.warning("could not abort an upload to %s: %s", self._target["Key"], exc, extra={"event": "not_aborted"})

    def _errors(self) -> AbstractContextManager[None]:
        return translated(self._target["Bucket"], self._target["Key"])
