"""Opens the store that a URL names, in a spec, a setting or on a command line.

A new kind of store is a file beside `s3.py` and a line in `Stores` and in `_READERS`. What it needs to be reached is a
setting, which `runtime/open_runtime.py` hands in once; nobody else has it in a signature.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from forebay.store.errors import BadUrl
from forebay.store.interface import Store
from forebay.store.local import open_folder
from forebay.store.s3_options import S3Options
from forebay.store.urls import bucket_of, folder_of

#: What reads the URLs of each scheme.
_READERS: Mapping[str, Callable[[str], object]] = {"s3": bucket_of, "file": folder_of}


class Stores:
    """Opens stores by the scheme of their URL."""

    def __init__(self, *, s3: S3Options, ledger: str | None = None) -> None:
        """Takes the ledger's URL: its objects are small and often read, so the storage class is not for them."""
        of_records = replace(s3, objects=replace(s3.objects, storage_class=None))
        self._openers: Mapping[str, Callable[[str], Store]] = {
            "s3": lambda url: _open_bucket(url, options=of_records if _is_within(ledger, url) else s3),
            "file": open_folder,
        }

    def open(self, url: str) -> Store:
        """Opens `s3://bucket/prefix?option=…`, `file:///folder` or a path. Contacts nothing; `probe` does.

        Raises BadUrl, and Denied where credentials are named that are not there.
        """
        return self._openers[_scheme(url)](url)


def _open_bucket(url: str, *, options: S3Options) -> Store:
    from forebay.store.s3 import open_bucket  # with boto3, some 200 modules that a folder does without

    return open_bucket(url, options=options)


def _is_within(place: str | None, url: str) -> bool:
    """Tells whether a URL names this place or one below it, as answers of `data_ready` lie below the ledger."""
    return place is not None and f"{url.rstrip('/')}/".startswith(f"{place.rstrip('/')}/")


def check_url(url: str) -> None:
    """Raises BadUrl for what no store would be opened of."""
    _READERS[_scheme(url)](url)


def _scheme(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    if not separator:
        return "file"
    if scheme not in _READERS:
        known = " or ".join(f"{name}://" for name in _READERS)
        raise BadUrl(f"destinations begin with {known}, or are a folder's path; not {scheme}://")
    return scheme
