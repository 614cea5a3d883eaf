"""Says which keys both kinds of store can hold, and makes one segment of a key out of a free text.

The ledger's records have `segment`, which is read back by unquoting it. Results have `plain_segment`, whose letters
need no encoding anywhere: many clients decode `%20` once more, and then ask for a key that does not exist.
"""

import hashlib
import re
import string
from urllib.parse import quote

from forebay.store.errors import BadKey

#: Files of writers that have not committed; a leading dot hides them from people, this prefix from `list`.
TEMP_PREFIX = ".forebay-tmp-"

#: S3 allows 1,024 bytes for prefix and key together; what is left is for the prefix of the store's URL.
MAX_KEY_BYTES = 900

#: Most file systems allow 255 bytes a name; what is left is for suffixes such as `.manifest.json`.
MAX_SEGMENT_BYTES = 200

#: `-_` begins an escape, and with another `-` a mark. What could be taken for one of them is an escape itself, so each
#: text can be read back from its segment.
_ESCAPED = re.compile(r"(?:[^A-Za-z0-9._-]+_*)+|(?<=-)_+")
_MARK = "-_-"
#: Devices of Windows: whatever suffix such a name has, no file there can have it.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE | re.ASCII)
#: One that begins otherwise is hidden (`.name`; for Athena, Hive and Spark `_name`, too) or taken for an option.
_BEGINNING = re.compile(r"[A-Za-z0-9]")
#: All other letters stand as hex.
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


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


def plain_segment(text: str) -> str:
    """Makes one key segment of any text, of letters, digits, `.`, `_` and `-` alone, which no client encodes.

    Different texts get different segments; those of texts that are not `alike` differ in more than upper and lower
    case, so they are different files on any disk. Other characters stand as `-_` with the hex of their UTF-8 and a
    `-`: `q 1` is `q-_20-1`. `x-_-` stands before what would be hidden, an option, or a device of Windows; a long text
    is cut, and ends in `-_-` and the hash of the whole.
    """
    if not text:
        raise BadKey(text, "is empty, or begins, ends or doubles a slash")
    encoded = _ESCAPED.sub(lambda found: f"-_{found[0].encode('utf-8', 'surrogatepass').hex()}-", text)
    if _DEVICE.match(encoded) or not _BEGINNING.match(encoded):
        encoded = f"x{_MARK}{encoded}"
    if len(encoded) <= MAX_SEGMENT_BYTES:
        return encoded
    end = _MARK + hashlib.sha256(encoded.encode()).hexdigest()[:40]
    return encoded[: MAX_SEGMENT_BYTES - len(end)] + end


def alike(text: str) -> str:
    """Gives what texts have in common that one file would hold on a disk that knows no upper and lower case."""
    return text.translate(_LOWER)
