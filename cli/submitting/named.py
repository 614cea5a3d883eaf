"""A batch or an extract of the spec, named on the command line: what `run`, `submit` and `plan` make of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import overload

from forebay.config.connections import Config, Connection
from forebay.config.document.definitions import BatchSpec, ExtractSpec
from forebay.config.document.strict import did_you_mean, near_miss
from forebay.config.errors import ConfigError
from forebay.config.settings import Settings
from forebay.runtime.open_runtime import open_stores
from forebay.scheduler.batches.history import History, PastBatches, PastRuns
from forebay.scheduler.definitions.expand import Wanted, calendar_of, expand_batch, expand_window
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.errors import InputError
from forebay.scheduler.windows.bounds import instant
from forebay.scheduler.windows.calendar import Calendar, Window, label
from forebay.store.interface import Store
from forebay.store.ledger import Ledger


class NoWindowYet(InputError):
    """Raised when an extract has no window yet that is over."""


def definition(config: Config, name: str) -> BatchSpec | ExtractSpec | None:
    """What the spec has under this name."""
    if config.written is None:
        return None
    return config.written.spec.extracts.get(name) or config.written.spec.batches.get(name)


def named(config: Config, sources: Sequence[str]) -> str | None:
    """The definition that the arguments name: a file of that name goes first, as it always did.

    Raises `InputError` for a definition among other things.
    """
    definitions = [source for source in sources if definition(config, source) and not Path(source).exists()]
    if definitions and len(sources) > 1:
        raise InputError(
            f"{definitions[0]} is a definition of the spec; it makes a batch of its own, so name nothing beside it"
        )
    for source in sources:
        if hint := _near(config, source):
            raise InputError(f"there is no file {source}, and the spec has no definition of that name{hint}")
    return definitions[0] if definitions else None


def _near(config: Config, source: str) -> str:
    """The definition that was probably meant by what is neither a definition nor a path."""
    if config.written is None or source == "-" or not source.replace("-", "_").isidentifier() or Path(source).exists():
        return ""
    spec = config.written.spec
    return "" if definition(config, source) else near_miss(source, [*spec.extracts, *spec.batches])


def expansion(config: Config, name: str, *, window: str | None, now: datetime, wanted: Wanted) -> Expansion:
    """All that a definition comes to. Raises `ConfigError` and `InputError`, and StoreError where history is read."""
    assert config.written  # noqa: S101 - it names a definition
    if name in config.written.spec.extracts:
        return expand_window(config, name, _window(config, name, window, now), wanted=wanted)
    if window is not None:
        raise InputError(f"--window chooses one of an extract's windows, and {name} is a batch")
    return expand_batch(config, name, now=now, wanted=wanted)


def wanted(
    settings: Settings, *, connection: Connection | None = None, values: Mapping[str, str] | None = None
) -> Wanted:
    """What every command wants of an expansion. History is read only if it decides something."""

    def past(name: str) -> PastBatches | None:
        return history(settings, open_stores(settings).open(settings.ledger)).batches(name)

    def runs(name: str) -> PastRuns:
        return history(settings, open_stores(settings).open(settings.ledger)).runs(name)

    return Wanted(
        connection=connection, params=values or {}, past=past, runs=runs, most_sql_bytes=settings.max_sql_bytes
    )


def history(settings: Settings, ledger: Store) -> History:
    return History(Ledger(ledger), open_stores(settings).open)


def _window(config: Config, name: str, text: str | None, now: datetime) -> Window:
    """The window that a local date or time is in; without one the newest that is over. Raises `InputError`."""
    assert config.written  # noqa: S101 - see above
    calendar = calendar_of(config.written, name)
    if text is None:
        newest = next(calendar.ended(now), None)
        if newest is None:
            raise NoWindowYet(f"no window of {name} is over yet; its first one begins at {calendar.first.isoformat()}")
        return newest
    window = calendar.containing(local_moment(text, "--window", calendar))
    if window is None:
        raise InputError(f"--window {text} lies before the start of {name} ({calendar.first.isoformat()})")
    if window.end > now:
        raise InputError(
            f"the window {label(window, calendar.zone)} of {name} is not over before {window.end.isoformat()}; "
            "what it has until then would count as all of it"
        )
    return window


@overload
def local_moment(text: str, option: str, calendar: Calendar) -> datetime: ...
@overload
def local_moment(text: str | None, option: str, calendar: Calendar) -> datetime | None: ...
def local_moment(text: str | None, option: str, calendar: Calendar) -> datetime | None:
    """A date or time as typed, by the clock of the extract's zone. Raises `InputError`."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{option} {text}: write a date such as 2026-01-31, or 2026-01-31T06:00") from None
    if moment.tzinfo is not None:
        raise InputError(f"{option} {text}: leave the zone out; it is that of the extract ({calendar.zone.key})")
    return instant(moment, calendar.zone)


def extract_of(config: Config, name: str) -> ExtractSpec:
    """The extract of this name. Raises `ConfigError` with the near miss."""
    known = config.written.spec.extracts if config.written else {}
    if name not in known:
        hint = did_you_mean(name, [*known]) if known else "; there is no spec with extracts here"
        raise ConfigError(f"the spec has no extract '{name}'{hint}")
    return known[name]


def known(config: Config) -> list[str]:
    """All that can be named."""
    return [*config.written.spec.extracts, *config.written.spec.batches] if config.written else []


def no_such(config: Config, name: str) -> ConfigError:
    """What to say of a name that is none."""
    names = known(config)
    return ConfigError(f"there is no extract or batch '{name}'{did_you_mean(name, names)}") if names else no_spec()


def no_spec() -> ConfigError:
    """What to say where nothing has a name."""
    return ConfigError(
        "there is no spec with extracts or batches here: `forebay init` writes one, FOREBAY_SPEC says where one is"
    )
