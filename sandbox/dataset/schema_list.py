"""Tells of the generated tables as Stripe tells of its own: what each is, its columns, and to which others they lead.

Read by `http/schemas_api.py`. What is told follows from the data's names: `id` is a table's key, and `customer_id`
leads to `customers.id`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from forebay.sandbox.dataset import TableColumn, is_by_account
from forebay.sandbox.sql.column_types import type_name

DATASET = "analytical"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKeyEnd:
    """A column of some table, as a foreign key names it."""

    schema: str
    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaColumn:
    """A column, in the words of Stripe's list."""

    name: str
    type: str
    description: str
    is_primary_key: bool
    foreign_keys_from: list[ForeignKeyEnd] = field(default_factory=list)
    """Those that lead here."""
    foreign_keys_to: list[ForeignKeyEnd] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSchema:
    """A table, in the words of Stripe's list."""

    name: str
    description: str
    columns: Sequence[SchemaColumn]

    @property
    def id(self) -> str:
        """Names it; what Stripe's ids look like is not documented."""
        return f"schema_{self.name}"


def schemas_of(tables: Mapping[str, Sequence[TableColumn]], made_up: int) -> list[TableSchema]:
    """Lists the tables as one account sees them, by name, and so many more that nobody has data of."""
    seen = {
        table: [column for column in columns if column.name != "account" or not is_by_account(table)]
        for table, columns in tables.items()
    }
    for number in range(1, made_up + 1):
        seen[f"made_up_table_{number:04d}"] = [TableColumn("id", "VARCHAR"), TableColumn("created", "TIMESTAMP")]
    targets = {(table, column.name): list(_targets(column.name, seen)) for table in seen for column in seen[table]}
    sources: dict[ForeignKeyEnd, list[ForeignKeyEnd]] = {}
    for (table, name), places in targets.items():
        for place in places:
            sources.setdefault(place, []).append(ForeignKeyEnd(schema=table, column=name))
    return [
        TableSchema(
            name=table,
            description=f"One row for each of the {_words(table)} (generated data).",
            columns=[
                SchemaColumn(
                    name=column.name,
                    type=type_name(column.type),
                    description=f"The {_words(column.name)} of the row.",
                    is_primary_key=column.name == "id",
                    foreign_keys_from=sources.get(ForeignKeyEnd(schema=table, column=column.name), []),
                    foreign_keys_to=targets[table, column.name],
                )
                for column in columns
            ],
        )
        for table, columns in sorted(seen.items())
    ]


def _targets(column: str, tables: Mapping[str, Sequence[TableColumn]]) -> Iterator[ForeignKeyEnd]:
    target = f"{column.removesuffix('_id')}s"
    if column.endswith("_id") and any(each.name == "id" for each in tables.get(target, ())):
        yield ForeignKeyEnd(schema=target, column="id")


def _words(name: str) -> str:
    return name.replace("_", " ")
