"""Expands a definition as the command line asks: the window that is chosen, and what history decides."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache

from forebay.config.connections import Config, Connection
from forebay.config.settings import Settings
from forebay.runtime.open_runtime import open_stores
from forebay.scheduler.batches.history import History
from forebay.scheduler.definitions.expand import Wanted, calendar_of, expand_batch, expand_window
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.errors import InputError
from forebay.scheduler.windows.bounds import instant
from forebay.scheduler.windows.calendar import Calendar, Window, label
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger

#: The first and the last that may be typed.
_YEARS = 1000, 8999


class NoWindowYet(InputError):
    """Raised when an extract has no window yet that is over."""


def expanded(
    config: Config,
    name: str,
    *,
    window: str | None,
    now: datetime,
    wanted: Wanted,
    again: Callable[[Window], int] | None = None,
) -> Expansion:
    """Expands a definition. Raises `ConfigError` and `InputError`, and `StoreError` where history is read.

    `again` says which repeat of its window an extract is expanded for; None: its first time.
    """
    assert config.written  # noqa: S101 - it names a definition
    if name in config.written.spec.extracts:
        chosen = _window(config, name, window, now)
        return expand_window(config, name, chosen, again=again(chosen) if again else 0, wanted=wanted)
    if window is not None:
        raise InputError(f"--window chooses one of an extract's windows, and {name} is a batch")
    return expand_batch(config, name, now=now, wanted=wanted)


def wanted(
    settings: Settings, *, connection: Connection | None = None, values: Mapping[str, str] | None = None
) -> Wanted:
    """Says what every command wants of an expansion. History is read only if it decides something."""

    @cache
    def known() -> History:
        return history(settings, open_stores(settings).open(settings.ledger))

    return Wanted(
        connection=connection,
        params=values or {},
        past=lambda name: known().batches(name),
        runs=lambda name: known().runs(name),
        uses=lambda name, day: known().uses(name, day),
        taken=lambda names, day: known().taken(names, day),
        most_sql_bytes=settings.max_sql_bytes,
    )


def history(settings: Settings, ledger: Store) -> History:
    """Opens what earlier batches of a definition came to."""
    return History(Ledger(ledger), open_stores(settings).open)


def _window(config: Config, name: str, text: str | None, now: datetime) -> Window:
    """Finds the window that a date or time is in; without one the newest that is over. Raises `InputError`."""
    assert config.written  # noqa: S101 - see above
    calendar = calendar_of(config.written, name)
    if text is None:
        newest = next(calendar.ended(now), None)
        if newest is None:
            raise NoWindowYet(f"no window of {name} is over yet; its first one begins at {calendar.first.isoformat()}")
        return newest
    window = calendar.containing(moment_of(text, "--window", calendar))
    if window is None:
        raise InputError(f"--window {text} lies before the start of {name} ({calendar.first.isoformat()})")
    if window.end > now:
        raise InputError(
            f"the window {label(window, calendar.zone)} of {name} is not over before {window.end.isoformat()}; "
            "what it has until then would count as all of it"
        )
    return window


def typed_moment(text: str) -> datetime | None:
    """Reads a date or time; None for what is none, and at the ends of time, where zones and windows reach beyond."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if _YEARS[0] <= moment.year <= _YEARS[1] else None


def moment_of(text: str, option: str, calendar: Calendar) -> datetime:
    """Reads a date or time as typed; one without a zone is by the clock of the extract's. Raises `InputError`.

    Where that clock is set back, an offset alone says which of two hours is meant.
    """
    moment = typed_moment(text)
    if moment is None:
        raise InputError(f"{option} {text}: write a date such as 2026-01-31, or 2026-01-31T06:00")
    return moment.astimezone(UTC) if moment.tzinfo else instant(moment, calendar.zone)
