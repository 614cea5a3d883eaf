"""Reads the URL of a store: which folder, or which bucket and prefix, it names. Contacts nothing."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from forebay.store.errors import BadKey, BadUrl
from forebay.store.key_rules import checked
from forebay.store.object_options import ObjectOptions


def folder_of(url: str) -> Path:
    """Reads `file:///folder` or a path. Raises BadUrl."""
    if not url.startswith("file://"):
        if not url.strip():
            raise BadUrl("an empty destination; give s3://bucket/prefix or a folder")
        if "\0" in url:
            raise BadUrl("a destination with a NUL in it")
        try:
            return Path(url).expanduser().absolute()
        except RuntimeError as exc:
            raise BadUrl(f"{url.partition('/')[0]} is no user whose home is known here") from exc
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadUrl("a folder's URL is file:///absolute/path") from None
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/") or parts.query or parts.fragment:
        raise BadUrl("a folder's URL is file:///absolute/path; percent-encode ? and #")
    path = unquote(parts.path)
    if "\0" in path:
        raise BadUrl("a destination with a NUL in it")
    return Path(path)


def bucket_of(url: str) -> tuple[str, str]:
    """Reads `s3://bucket/prefix`, whatever options follow. Raises BadUrl, for those too."""
    place, question, query = url.removeprefix("s3://").partition("?")
    bucket, _, prefix = place.partition("/")
    prefix = prefix.strip("/")
    if not bucket or set(bucket) & set("@:#") or set(prefix + query) & set("#"):
        raise BadUrl("an S3 destination is s3://bucket/prefix, without credentials or port")
    if question:
        ObjectOptions.of_query(query)
    try:
        return bucket, checked(prefix) if prefix else ""
    except BadKey as exc:
        raise BadUrl(f"the prefix of an S3 destination is none that can be used: {exc}") from exc


def object_options_of(url: str) -> ObjectOptions:
    """Reads how a bucket's URL says that objects are to be kept. Raises BadUrl."""
    return ObjectOptions.of_query(url.partition("?")[2])


def without_options(url: str) -> str:
    """Gives the place itself, for people."""
    return url.partition("?")[0] if url.startswith("s3://") else url
