"""From a URL in a spec or on a command line to the store behind it."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from forebay.store.errors import BadKey, BadUrl
from forebay.store.interface import Store
from forebay.store.local import LocalStore
from forebay.store.object_keys import checked
from forebay.store.s3 import S3Options, S3Store


def open_store(url: str, *, s3: S3Options) -> Store:
    """The store at `s3://bucket/prefix`, `file:///folder` or a path. Contacts nothing; `probe` does. Raises BadUrl."""
    scheme, separator, _ = url.partition("://")
    if not separator:
        if not url.strip():
            raise BadUrl("an empty destination; give s3://bucket/prefix or a folder")
        return LocalStore(Path(url).expanduser().absolute())
    if scheme == "s3":
        return _s3(url, s3)
    if scheme == "file":
        return _local(url)
    raise BadUrl(f"destinations begin with s3:// or file://, or are a folder's path; not {scheme}://")


def _s3(url: str, options: S3Options) -> S3Store:
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    if not bucket or set(bucket) & set("@:?#"):
        raise BadUrl("an S3 destination is s3://bucket/prefix, without credentials, port or query")
    prefix = prefix.strip("/")
    try:
        return S3Store(bucket, checked(prefix) if prefix else "", options=options)
    except BadKey as exc:
        raise BadUrl(f"the prefix of an S3 destination is none that can be used: {exc}") from exc


def _local(url: str) -> LocalStore:
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/") or parts.query or parts.fragment:
        raise BadUrl("a folder's URL is file:///absolute/path; percent-encode ? and #")
    return LocalStore(Path(unquote(parts.path)))
