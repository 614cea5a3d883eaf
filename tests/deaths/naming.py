"""Names an I/O for what it does, without the ids of this or that run, as the rows of `death_rows.py` do."""

import hashlib
import re
from functools import cache

from redis.lock import Lock

from forebay.governor.scripts import source
from tests.governor.lua_headers import OF_A_LANE, STANDALONE

#: What a key of a store is, by what its end or beginning looks like; the first that fits counts.
_KINDS = (
    (r"^_quarantine/.*/_batch\.json$", "quarantined batch manifest"),
    (r"^_quarantine/.*\.manifest\.json$", "quarantined manifest"),
    (r"^_quarantine/.*/$", "quarantine"),
    (r"^_quarantine/", "quarantined result"),
    (r"/_batch\.json$", "batch manifest"),
    (r"\.manifest\.json$", "manifest"),
    (r"batch\.json$", "batch.json"),
    (r"items-", "items"),
    (r"^open/", "open mark"),
    (r"^sent/", "sent record"),
    (r"^uses/", "use"),
    (r"^spent/", "claim of a day"),
    (r"^writing/", "writing mark"),
    (r"^accepted/", "acceptance"),
    (r"^removing/", "removal"),
    (r"^extracts/[^/]*/pruned", "pruned windows"),
    (r"^batches/.*/closed", "closing"),
    (r"^batches/.*/stopped\.json$", "stop"),
    (r"^batches/.*/canceled\.json$", "cancel"),
    (r"^batches/.*/told-", "told mark"),
    (r"^batches/.*/failed", "failure"),
    (r"^extracts/[^/]*/skipped", "skipped mark"),
    (r"^extracts/[^/]*/late", "late mark"),
    (r"^extracts/[^/]*/paused", "pause of an extract"),
    (r"^extracts/[^/]*/", "first seen"),
    (r"\.csv$", "result"),
)


def named(label: str) -> str:
    """Names an I/O by the label that its seam gives it."""
    verb, _, rest = label.partition(" ")
    if verb == "store":
        call, _, key = rest.partition(" ")
        return f"store {call} {_kind(key)}"
    if verb in ("POST", "GET") and rest.startswith("/"):
        return verb + (" file" if rest.startswith("/qryrun_") else " QueryRun")
    return label if label.startswith(("a piece", "tell")) else verb


def _kind(key: str) -> str:
    for pattern, kind in _KINDS:
        if re.search(pattern, key):
            return kind
    top = key.split("/")[0] or "all"
    return "of " + (top if top in ("batches", "lanes", "extracts", "probes") else "results")


@cache
def script_texts() -> dict[str, str]:
    """Gives the text of each script that Redis is asked for by its name, that of redis-py's locks too."""
    return {name: source(name) for name in (*OF_A_LANE, *STANDALONE)} | {"unlock": Lock.LUA_RELEASE_SCRIPT}


@cache
def script_names() -> dict[str, str]:
    """Gives the name of each script by its hash."""
    return {
        hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(): name for name, text in script_texts().items()
    }
