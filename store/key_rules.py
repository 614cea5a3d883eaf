"""Says which keys both kinds of store can hold, and makes one segment of a key out of a free text."""

import hashlib
from urllib.parse import quote

from forebay.store.errors import BadKey

#: Files of writers that have not committed; a leading dot hides them from people, this prefix from `list`.
TEMP_PREFIX = ".forebay-tmp-"

#: S3 allows 1,024 bytes for prefix and key together; what is left is for the prefix of the store's URL.
MAX_KEY_BYTES = 900

#: Most file systems allow 255 bytes a name; what is left is for suffixes such as `.manifest.json`.
MAX_SEGMENT_BYTES = 200


def checked(key: str) -> str:
    """Gives the key back, if it is one that means the same in a bucket and in a folder. Raises BadKey."""
    segments = key.split("/")
    if not all(segments):
        raise BadKey(key, "is empty, or begins, ends or doubles a slash")
    if "." in segments or ".." in segments:
        raise BadKey(key, "climbs out of its folder")
    if any(segment.startswith(TEMP_PREFIX) for segment in segments):
        raise BadKey(key, "looks like an unfinished file, which listings hide")
    if "\\" in key or any(ord(letter) < 0x20 for letter in key):
        raise BadKey(key, "has a backslash or a control character")
    if len(key.encode("utf-8", "surrogatepass")) > MAX_KEY_BYTES:
        raise BadKey(key[:80] + "…", f"is longer than {MAX_KEY_BYTES} bytes")
    return key


def segment(text: str) -> str:
    """Makes one key segment of any text: readable, ASCII, and different for different texts.

    Everything but letters, digits, `_`, `-` and inner dots is percent-encoded, so no text can climb (`..`), hide
    (`.name`) or nest (`a/b`). `~` is encoded too, which keeps it free to mark a long text that was cut and got
    the hash of the whole instead of its end.
    """
    encoded = quote(text.encode("utf-8", "surrogatepass"), safe="").replace("~", "%7E")
    if encoded.startswith("."):
        encoded = "%2E" + encoded[1:]
    if not encoded:
        raise BadKey(text, "is empty, or begins, ends or doubles a slash")
    if len(encoded) <= MAX_SEGMENT_BYTES:
        return encoded
    digest = hashlib.sha256(encoded.encode()).hexdigest()[:40]
    return f"{encoded[: MAX_SEGMENT_BYTES - 41]}~{digest}"
