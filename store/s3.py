"""Makes an S3 bucket a store: what `s3://bucket/prefix` opens, at Amazon or at any endpoint that speaks S3.

`store.multipart` streams large objects and `store.s3errors` turns botocore's errors into ours.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, TypedDict

from boto3.s3.transfer import TransferConfig
from pydantic import SecretStr

from forebay.store.errors import Denied, Incomplete, NoSuchBucket, NotFound, Refused, Unavailable
from forebay.store.key_rules import checked
from forebay.store.multipart import Multipart
from forebay.store.object_options import ObjectOptions
from forebay.store.option_probing import explained, refused_option
from forebay.store.part_buffer import MIB
from forebay.store.part_sums import PartSums, content_md5
from forebay.store.probing import PROBE, PROBE_AGE, PROBES, probe_key
from forebay.store.s3_options import S3Options
from forebay.store.s3client import s3_client
from forebay.store.s3errors import AlreadyThere, NoAnswerOfS3, translated
from forebay.store.urls import bucket_of, object_options_of

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import MultipartUploadTypeDef, ObjectIdentifierTypeDef

READ_BYTES = MIB
#: Parts of one object that the server copies at a time.
COPIES_IN_FLIGHT = 4
#: No upload of a living writer is as old: the most that is received of a result comes within 60 hours at the least rate
#: of a download (`landing.fetch.PACE`).
UPLOAD_AGE = timedelta(days=3)
#: What S3 deletes in one request.
DELETED_AT_ONCE = 1_000
#: What one sweep lists at most. A thousand writers killed at once are swept in a few rounds.
UPLOAD_PAGES = 10


class _Behind(TypedDict, total=False):
    """Where a listing begins."""

    StartAfter: str


def open_bucket(url: str, *, options: S3Options) -> "S3Store":
    """Opens `s3://bucket/prefix`, with options behind a `?` that go before those of the settings. Contacts nothing.

    Raises BadUrl, and Denied for credentials that are not there.
    """
    bucket, prefix = bucket_of(url)
    return S3Store(bucket, prefix, options=replace(options, objects=object_options_of(url).over(options.objects)))


class S3Store:
    """The objects of one bucket under one prefix."""

    def __init__(self, bucket: str, prefix: str = "", *, options: S3Options) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._options = options
        self._client = s3_client(options)
        self._sums = PartSums()
        self.url = f"s3://{bucket}/{prefix}".rstrip("/")

    def __repr__(self) -> str:
        return f"S3Store({self.url!r})"

    def url_of(self, key: str) -> str:
        return f"{self.url}/{checked(key)}"

    def signed_url(self, key: str, for_s: int) -> SecretStr:
        """Signs by these credentials, and contacts nothing: where they are good for less time, so is the link."""
        with translated(self._bucket, key):
            return SecretStr(
                self._client.generate_presigned_url(
                    "get_object", Params={"Bucket": self._bucket, "Key": self._key(key)}, ExpiresIn=for_s
                )
            )

    def writer(self, key: str, *, content_type: str | None = None) -> AbstractContextManager[Multipart]:
        part_bytes = self._options.part_bytes
        return Multipart.opened(
            self._client, self._bucket, self._key(key), content_type, part_bytes=part_bytes, sums=self._sums
        )

    def put(self, key: str, data: bytes) -> None:
        with translated(self._bucket, key):
            self._client.put_object(Bucket=self._bucket, Key=self._key(key), Body=data, ContentMD5=content_md5(data))

    def create(self, key: str, data: bytes) -> bool:
        try:
            with translated(self._bucket, key):
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._key(key),
                    Body=data,
                    ContentMD5=content_md5(data),
                    IfNoneMatch="*",
                )
        except AlreadyThere:
            return False
        return True

    def copy(self, source: str, target: str) -> None:
        with translated(self._bucket, source):
            # The bytes stay at the server. In parts above its own limit, and then nobody else keeps the type.
            head = self._client.head_object(Bucket=self._bucket, Key=self._key(source))
            self._client.copy(
                {"Bucket": self._bucket, "Key": self._key(source)},
                self._bucket,
                self._key(target),
                ExtraArgs={"ContentType": head["ContentType"]},
                Config=TransferConfig(
                    multipart_threshold=self._options.copy_part_bytes,
                    multipart_chunksize=self._options.copy_part_bytes,
                    max_concurrency=COPIES_IN_FLIGHT,
                ),
            )
        stored = self.size(target)
        if stored != head["ContentLength"]:
            self.delete(target)
            raise Incomplete(target, written=head["ContentLength"], stored=stored or 0)

    def get(self, key: str) -> bytes:
        return b"".join(self.open(key))

    def open(self, key: str) -> Iterator[bytes]:
        with translated(self._bucket, key):
            body = self._client.get_object(Bucket=self._bucket, Key=self._key(key))["Body"]
        with closing(body):
            while True:
                with translated(self._bucket, key):
                    data = body.read(READ_BYTES)
                if not data:
                    return
                yield data

    def size(self, key: str) -> int | None:
        try:
            with translated(self._bucket, key):
                return self._client.head_object(Bucket=self._bucket, Key=self._key(key))["ContentLength"]
        except NotFound:
            return None

    def list(self, prefix: str = "", after: str = "") -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + prefix, **self._behind(after)
        )
        with translated(self._bucket, prefix):
            for page in pages:
                for entry in page.get("Contents", ()):
                    yield entry["Key"][len(self._prefix) :]

    def folders(self, prefix: str = "", after: str = "") -> Iterator[str]:
        start = self._prefix + prefix
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=start, Delimiter="/", **self._behind(after)
        )
        with translated(self._bucket, prefix):
            for page in pages:
                for entry in page.get("CommonPrefixes", ()):
                    yield entry["Prefix"][start.rfind("/") + 1 : -1]

    def delete(self, key: str) -> None:
        with translated(self._bucket, key):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(key))

    def delete_all(self, keys: Iterable[str]) -> None:
        left = iter(keys)
        while page := list(islice(left, DELETED_AT_ONCE)):
            try:
                self._delete_page(page)
            except Refused:  # not every server that speaks S3 deletes many at once
                for key in page:
                    self.delete(key)

    def _delete_page(self, keys: Sequence[str]) -> None:
        objects: list[ObjectIdentifierTypeDef] = [{"Key": self._key(key)} for key in keys]
        with translated(self._bucket, keys[0]):
            answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True})
        for error in answer.get("Errors", ()):
            if error.get("Code") in ("InternalError", "SlowDown"):
                raise Unavailable(f"{error.get('Key')!r}: {error['Code']}")
            raise Refused(f"{error.get('Key')!r}: {error.get('Code')}")

    def probe(self) -> None:
        key = probe_key()
        place = self._options.endpoint or "Amazon S3"
        try:
            self._put_probe(key)
            if self.get(key) != PROBE:
                raise NoAnswerOfS3(f"{self.url}: another object came back than was put")
            self.delete(key)
            # Without s3:ListBucket a missing key is answered by 403, and nothing could tell new from refused.
            self.size(key)
        except NoSuchBucket as exc:
            raise NoSuchBucket(
                f"{self.url}: bucket {self._bucket!r} does not exist there; create it or correct the URL"
            ) from exc
        except Denied as exc:
            raise Denied(
                f"{self.url}: {exc}; these credentials need s3:PutObject, s3:GetObject, s3:DeleteObject, "
                f"s3:AbortMultipartUpload and s3:ListBucket{self._options.objects.rights}"
            ) from exc
        except (NotFound, NoAnswerOfS3) as exc:
            raise Refused(
                f"{self.url}: {place} does not answer as S3 does; check the endpoint (FOREBAY_S3_ENDPOINT)"
            ) from exc
        except Unavailable as exc:
            raise Unavailable(
                f"{self.url}: cannot work with {place} ({exc}); check the endpoint, region and network"
            ) from exc

    def _put_probe(self, key: str) -> None:
        """Puts it as objects are put, and says which of their options is refused, if one is."""
        try:
            self.put(key, PROBE)
        except NoSuchBucket:
            raise
        except Refused as refusal:
            words = refused_option(self._options.objects, lambda fewer: self._put_otherwise(key, fewer))
            if words is None:
                raise
            raise explained(self.url, words, refusal) from refusal

    def _put_otherwise(self, key: str, objects: ObjectOptions) -> None:
        other = S3Store(self._bucket, self._prefix.rstrip("/"), options=replace(self._options, objects=objects))
        with closing(other):
            other.put(key, PROBE)
            other.delete(key)

    def sweep(self, now: datetime, ours: Callable[[str], bool]) -> int:
        """Aborts uploads that began three days ago. Nothing tells whose they are, but no living writer's is so old."""
        swept = self._sweep_probes(now)
        for upload in self._uploads():
            if now - upload["Initiated"] > UPLOAD_AGE and ours(upload["Key"][len(self._prefix) :]):
                with suppress(NotFound, Unavailable), translated(self._bucket, upload["Key"]):  # ended since: no harm
                    self._client.abort_multipart_upload(
                        Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    swept += 1
        return swept

    def _sweep_probes(self, now: datetime) -> int:
        with translated(self._bucket, PROBES):
            page = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix + PROBES)
        found = page.get("Contents", ())
        left = [entry["Key"][len(self._prefix) :] for entry in found if now - entry["LastModified"] > PROBE_AGE]
        self.delete_all(left)
        return len(left)

    def _uploads(self) -> "Iterator[MultipartUploadTypeDef]":
        """Lists uploads that were neither completed nor aborted, at most ten pages of a thousand."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=self._prefix)
        with translated(self._bucket, "unfinished uploads"):
            for page in islice(pages, UPLOAD_PAGES):
                yield from page.get("Uploads", ())

    def close(self) -> None:
        self._client.close()

    def _behind(self, after: str) -> "_Behind":
        return {"StartAfter": self._prefix + after} if after else {}

    def _key(self, key: str) -> str:
        return self._prefix + checked(key)
