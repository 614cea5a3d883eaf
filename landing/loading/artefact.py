"""Says what a warehouse is given, and what it takes: the value that `warehouses.py` lists one of each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from forebay.landing.loading.table_load import TableLoad


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """One text: SQL, or a file that SQL or a job names."""

    name: str
    """Where it belongs below the place that the user names."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """What reads landed results, and how it is told to."""

    name: str
    formats: frozenset[str]
    """Containers that it reads (`object.format`)."""
    places: tuple[str, ...]
    """How the URLs begin that it reads; none where it reads all."""
    elsewhere: str
    """What to do about results that lie elsewhere, in a clause."""
    write: Callable[[TableLoad, str], Iterator[Artefact]]
    """Writes it all; the URL is where the artefacts will be, with a slash at its end: some name one another."""
    needs_place: bool = False
    """Its SQL names files that have to be written where it reads them."""
