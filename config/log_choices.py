"""Names how a process may log: in which form, and from which level on."""

import logging
from enum import StrEnum


class LogFormat(StrEnum):
    """In which form a line is written."""

    TEXT = "text"  # for people
    JSON = "json"  # for what collects logs: an object a line


class LogLevel(StrEnum):
    """What is said at all; each says what those after it say."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def number(self) -> int:
        """Gives the level as `logging` counts it."""
        return logging.getLevelNamesMapping()[self.upper()]

    @classmethod
    def of(cls, number: int | None) -> "LogLevel":
        """Gives the level that says no more than this number of `logging` asks for; INFO where nobody asks."""
        if number is None:
            return cls.INFO
        return next((level for level in cls if level.number >= number), cls.ERROR)

    @classmethod
    def _missing_(cls, value: object) -> "LogLevel | None":
        """Takes a word in capitals, as Celery and people write levels."""
        lower = value.lower() if isinstance(value, str) else None
        return next((level for level in cls if level.value == lower), None)
