"""Says where results go, as every process of a deployment understands it."""

from pathlib import Path

from forebay.config.connections import Config
from forebay.scheduler.errors import InputError
from forebay.store.errors import BadUrl
from forebay.store.open import check_url


def destination(config: Config, to: str | None) -> str:
    """Says where results go. A folder is made absolute: workers stand elsewhere.

    Raises `InputError` for what is no destination, such as a variable that was empty, before anything comes of it.
    """
    chosen = to if to is not None else config.output or "out"
    try:
        check_url(chosen)
    except BadUrl as error:
        raise InputError(f"the place for results: {error}") from error  # not which: credentials may be in it
    return chosen if "://" in chosen else str(Path(chosen).expanduser().absolute())
