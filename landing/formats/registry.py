"""The formats by the names that a spec uses."""

from collections.abc import Mapping

from forebay.landing.errors import UnknownResult
from forebay.landing.formats.auto import auto
from forebay.landing.formats.format import Format

FORMATS: Mapping[str, Format] = {"auto": auto}


def format_named(name: str) -> Format:
    """Raises UnknownResult."""
    try:
        return FORMATS[name]
    except KeyError as exc:
        raise UnknownResult(f"no format {name!r}; there is {', '.join(FORMATS)}") from exc
