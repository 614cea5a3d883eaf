"""Finds out which tables the queries of an extract read."""

from datetime import datetime

from forebay.config.connections import Config
from forebay.config.errors import ConfigError
from forebay.scheduler.definitions.expand import calendar_of, expand_window
from forebay.scheduler.errors import SchedulerError


def tables_read(config: Config, name: str, now: datetime) -> frozenset[str] | None:
    """Names the tables that its newest window asks, in lower case; None where that cannot be told.

    Whom they ask changes nothing of that, so no history is read for it.
    """
    # The grammar takes a moment to load, and only who waits for data needs it.
    from forebay.scheduler.sql.trino.judge import tables_of

    assert config.written  # noqa: S101 - it has the extract
    try:
        window = next(iter(calendar_of(config.written, name).ended(now)), None)
        if window is None:
            return None
        texts = [text for _, text in expand_window(config, name, window).samples()]
    except (ConfigError, SchedulerError):
        return None  # whoever submits it says what is wrong
    tables: set[str] = set()
    for text in texts:
        read = tables_of(text)
        if read is None:
            return None
        tables |= read
    return frozenset(tables)
