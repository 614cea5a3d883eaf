"""Finds out which of an object's options a bucket refuses, by leaving out each in turn. Called by `S3Store.probe`.

The server's word often does not tell: a key that may not be used and a tag that may not be set are both AccessDenied.
"""

from collections.abc import Callable

from forebay.store.errors import OptionRefused, StoreError
from forebay.store.object_options import ObjectOptions

#: What an option needs, by the first word of what is said of it.
_NEEDED = {
    "encryption": "these credentials need kms:GenerateDataKey and kms:Decrypt on a key that is there and enabled",
    "storage": "the bucket has no such class",
    "tags": "these credentials need s3:PutObjectTagging",
}


def refused_option(options: ObjectOptions, put: Callable[[ObjectOptions], None]) -> str | None:
    """Says in words which option is refused: the one without which `put` works; None if it is none alone."""
    for words, fewer in options.without_each().items():
        try:
            put(fewer)
        except StoreError:
            continue
        return words
    return None


def explained(url: str, words: str, refusal: StoreError) -> OptionRefused:
    """Makes an error of it, with what is missing."""
    needed = _NEEDED[words.partition(" ")[0]]
    return OptionRefused(f"{url}: {refusal}; without {words} it takes objects: {needed}")
