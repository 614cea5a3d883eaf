"""Knows which names a part of a query sees: relations with their columns, the query around it, arguments of lambdas.

Pure. `selects.py` makes scopes, `expressions.py` asks them. Where the columns of a relation are not known, each name
may be one of them, and nothing is said.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from forebay.scheduler.sql.trino.value_types import ValueType, named

#: What Sigma resolves as if it were a column everywhere.
EVERYWHERE: Mapping[str, ValueType] = {"data_load_time": named("timestamp")}


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One column of a relation or of a query's result."""

    name: str | None
    """In lower case; None where Trino makes one up."""
    type: ValueType | None


#: None where they cannot be known.
Columns = list[OutputColumn] | None


@dataclass(frozen=True, slots=True)
class Relation:
    """What stands in FROM under one name."""

    name: str | None
    columns: Columns
    usual: Mapping[str, ValueType] = field(default_factory=dict)
    """Types of columns that are not known to be there, if they are."""
    table: str | None = None
    """Which one of Stripe's it is; None for a query's."""

    def named(self, column: str) -> list[OutputColumn]:
        """Finds its columns of a name."""
        return [each for each in self.columns or () if each.name == column]


@dataclass(frozen=True, slots=True)
class NameScope:
    """What a name can mean at one place."""

    relations: Sequence[Relation] = ()
    outer: "NameScope | None" = None
    withs: Mapping[str, Columns] = field(default_factory=dict)
    """Queries of WITH clauses."""
    arguments: Mapping[str, ValueType | None] = field(default_factory=dict)
    """Of the lambdas around it."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """What the SELECT calls its columns, and which expressions they are: for whoever takes them for columns."""
    sees: str = ""
    """Says so of the clause."""
    windows: Collection[str] = ()
    """What its WINDOW clause defines."""
    is_pattern: bool = False
    """It is between MEASURES and the end of a row pattern, where functions of patterns are known."""
    natural: bool = False
    """A NATURAL JOIN decides by itself which columns are one; variables of a pattern have the same ones."""

    @property
    def is_known(self) -> bool:
        """Tells whether the columns of all of its relations are known."""
        return all(relation.columns is not None for relation in self.relations)

    @property
    def offered(self) -> set[str]:
        """Lists the names that it knows of, of the queries around it too."""
        mine = {each.name for relation in self.relations for each in relation.columns or () if each.name}
        return mine | (self.outer.offered if self.outer else set())


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name turned out to be."""

    found: bool
    type: ValueType | None = None
    twice: tuple[str, ...] = ()
    """Relations that all have such a column, where nobody can say which one is meant."""


def resolve(scope: NameScope, name: str) -> Meaning:
    """Finds a name without a relation before it."""
    here: NameScope | None = scope
    while here is not None:
        if name in here.arguments:
            return Meaning(True, here.arguments[name])
        hits = [(relation, column) for relation in here.relations for column in relation.named(name)]
        if len(hits) > 1 and not here.natural:
            return Meaning(True, None, tuple(relation.name or "a subquery" for relation, _ in hits))
        if hits:
            return Meaning(True, hits[0][1].type)
        if not here.is_known:
            return Meaning(True, _usual(here, name))
        here = here.outer
    return Meaning(True, EVERYWHERE[name]) if name in EVERYWHERE else Meaning(False)


def resolve_in(scope: NameScope, relation: str, name: str) -> Meaning | None:
    """Finds a name after a relation's; None where no relation has that name."""
    here: NameScope | None = scope
    while here is not None:
        so_called = [each for each in here.relations if each.name == relation]
        if so_called:
            return _in_one_of(so_called, name)
        here = here.outer
    return None


def _in_one_of(relations: Sequence[Relation], name: str) -> Meaning:
    if any(each.columns is None for each in relations):
        return Meaning(True, relations[0].usual.get(name) if len(relations) == 1 else None)
    having = [column for each in relations for column in each.named(name)[:1]]
    if len(having) > 1:
        return Meaning(True, None, tuple(each.name or "" for each in relations))
    return Meaning(True, having[0].type) if having else Meaning(False)


def new_name(scope: NameScope, table: str) -> str | None:
    """Finds what a table of Stripe's is called here, where its own name is hidden by that."""
    here: NameScope | None = scope
    while here is not None:
        found = next((each.name for each in here.relations if each.table == table and each.name != table), None)
        if found:
            return found
        here = here.outer
    return None


def columns_in(scope: NameScope, relation: str) -> list[OutputColumn]:
    """Lists the columns of a relation, as far as they are known."""
    here: NameScope | None = scope
    while here is not None:
        for each in here.relations:
            if each.name == relation:
                return each.columns or []
        here = here.outer
    return []


def _usual(scope: NameScope, name: str) -> ValueType | None:
    """Guesses by a column's name, where only one relation can have it."""
    if len(scope.relations) != 1 or name in EVERYWHERE:
        return EVERYWHERE.get(name)
    return scope.relations[0].usual.get(name)
