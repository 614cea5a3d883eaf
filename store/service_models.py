"""Reads botocore's descriptions of services once a process, as plain dicts: `s3client.py` makes each client with them.

They are some ten megabytes, which botocore reads anew for each session, and so for each bucket, as ordered dicts that
are half as large again.
"""

import gzip
import json
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader


class ServiceModels(JSONFileLoader):
    """What was read so far. Safe to share between threads, and whoever gets a description changes nothing in it."""

    def __init__(self) -> None:
        self._read: dict[str, Any] = {}

    def load_file(self, file_path: str) -> Any:
        """Gives what stands in a file, by its path without a suffix; None if there is none."""
        if file_path not in self._read:
            found = _parsed(file_path)
            if found is None:
                return None
            self._read[file_path] = found
        return self._read[file_path]


def _parsed(file_path: str) -> Any:
    plain, packed = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
    if plain.is_file():
        return json.loads(plain.read_bytes())
    return json.loads(gzip.decompress(packed.read_bytes())) if packed.is_file() else None


SERVICE_MODELS = ServiceModels()
