"""Makes the key by which a task's batch is made once: a retry meets the batch of the try before it.

The same dag, task, run and map index that asks the same is the same batch. What is asked is a part of it, since whoever
mends the SQL and clears the task wants the mended SQL asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

#: The server takes 250, and the digest is added to these.
_MOST_LETTERS, _DIGEST_LETTERS = 200, 16


def task_key(dag_id: str, task_id: str, run_id: str, map_index: int, asked: Mapping[str, Any]) -> str:
    """Makes it. Long names are cut, and unprintable letters replaced: a digest of all tells them apart."""
    names = [dag_id, task_id, run_id, *([str(map_index)] if map_index >= 0 else [])]
    whole = json.dumps([names, asked], sort_keys=True, default=str)
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LETTERS]
    shown = "".join(letter if letter.isprintable() else "-" for letter in "/".join(names))
    return f"airflow/{shown[:_MOST_LETTERS]}/{digest}"
