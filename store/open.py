"""Opens the store that a URL names, in a spec, a setting or on a command line.

A new kind of store is a file beside `s3.py` and a line in `Stores`. What it needs to be reached is a setting, which
`runtime/open_runtime.py` hands in once; nobody else has it in a signature.
"""

from collections.abc import Callable, Mapping
from functools import partial

from forebay.store.errors import BadUrl
from forebay.store.interface import Store
from forebay.store.local import open_folder
from forebay.store.s3 import S3Options, open_bucket


class Stores:
    """Opens stores by the scheme of their URL."""

    def __init__(self, *, s3: S3Options) -> None:
        self._openers: Mapping[str, Callable[[str], Store]] = {
            "s3": partial(open_bucket, options=s3),
            "file": open_folder,
        }

    def open(self, url: str) -> Store:
        """Opens `s3://bucket/prefix`, `file:///folder` or a path. Contacts nothing; `probe` does. Raises BadUrl."""
        scheme, separator, _ = url.partition("://")
        opener = self._openers.get(scheme) if separator else open_folder
        if opener is None:
            known = " or ".join(f"{name}://" for name in self._openers)
            raise BadUrl(f"destinations begin with {known}, or are a folder's path; not {scheme}://")
        return opener(url)
