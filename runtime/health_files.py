"""Writes for probes whether this process lives and works, as the age of two files: so a probe starts no Python.

A worker's pump and a beat touch them as they go round; which age is too old says docs/settings.md, "Probes". A file
that cannot be written grows old, which is the truth that a probe shall see.
"""

import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from forebay.config.errors import ConfigError

#: A pump goes round up to a hundred times a second, and probes count in minutes.
_TOUCHED_EVERY_S = 1.0


class HealthFiles:
    """The files `alive` and `ready` in a folder of this process alone; without a folder nothing is written."""

    def __init__(self, folder: Path | None, monotonic_s: Callable[[], float]) -> None:
        self._folder, self._monotonic_s = folder, monotonic_s
        self._touched_s = {"alive": -math.inf, "ready": -math.inf}

    @classmethod
    def begun(cls, folder: Path | None, monotonic_s: Callable[[], float]) -> Self:
        """Makes the folder, and takes away what an earlier process said of itself. Raises ConfigError."""
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                for name in ("alive", "ready"):
                    (folder / name).unlink(missing_ok=True)
                (folder / "alive").touch()
            except OSError as error:
                raise ConfigError(f"FOREBAY_HEALTH_DIR: {folder} cannot be written ({error.strerror})") from error
        return cls(folder, monotonic_s)

    def alive(self) -> None:
        """Says that this process goes round, whatever answers it: where it does not, a new start is the way out."""
        self._touch("alive")

    def ready(self) -> None:
        """Says that this process does its work: Redis takes its word, and its threads get on."""
        self._touch("ready")

    def _touch(self, name: str) -> None:
        now_s = self._monotonic_s()
        if self._folder is None or now_s - self._touched_s[name] < _TOUCHED_EVERY_S:
            return
        self._touched_s[name] = now_s
        with suppress(OSError):
            (self._folder / name).touch()
