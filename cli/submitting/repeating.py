"""Says which repeat of a window comes next, where a person wants one that ran to run again: `run NAME --again`."""

from collections.abc import Callable
from itertools import chain

from forebay.config.connections import Config
from forebay.config.settings import Settings
from forebay.runtime.open_runtime import open_stores
from forebay.scheduler.definitions.definition import find_definition
from forebay.scheduler.errors import InputError
from forebay.scheduler.windows.calendar import Window, parse_batch_id, window_name
from forebay.store.ledger.ledger import Ledger


def next_repeat(settings: Settings, config: Config, name: str) -> Callable[[Window], int]:
    """Gives what counts the times that a window of an extract ran: 0 where it never did.

    That raises `InputError` for a window that still goes on, and StoreError.
    """
    names = find_definition(config, "extract", name).names

    def of(window: Window) -> int:
        ledger = Ledger(open_stores(settings).open(settings.ledger))
        listed = chain.from_iterable(ledger.names.like(f"{each}.{window_name(window)}") for each in names)
        ran = [(parsed[2], batch_id) for batch_id in listed if (parsed := parse_batch_id(batch_id))]
        if not ran:
            return int(ledger.pruned.of(names).cover(window.start, window.end))
        again, last = max(ran)
        if ledger.closing(last) is None:
            raise InputError(f"{last} has not ended, so it is not run again: `forebay watch {last}` follows it")
        return again + 1

    return of
