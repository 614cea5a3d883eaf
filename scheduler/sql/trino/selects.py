"""Walks a query as Trino analyses it, clause by clause, each in the scope that it sees.

Finds the columns of each query on the way. `expressions.py` judges expressions, `aggregation.py` what may stand beside
an aggregate, `from_clause.py` what stands in FROM.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from forebay.scheduler.sql.trino import aggregation, as_written, from_clause, misplaced_calls
from forebay.scheduler.sql.trino.expressions import Expressions
from forebay.scheduler.sql.trino.remarks import IDENTIFIERS, TreeRemarks
from forebay.scheduler.sql.trino.scopes import Columns, NameScope, OutputColumn, Relation
from forebay.scheduler.sql.trino.syntax import Node
from forebay.scheduler.sql.trino.value_types import common, go_together

#: Table → its columns with their types. All names are in lower case; an empty type is not known.
Tables = Mapping[str, Mapping[str, str]]

_QUERIES = frozenset({"Query", "QueryNoWith", "SetOperation", "QuerySpecification", "Table", "InlineTable"})
_CLAUSES = ("FROM", "WHERE", "GROUP", "HAVING", "WINDOW")


@dataclass(slots=True)
class SelectParts:
    """One SELECT, taken apart."""

    node: Node
    distinct: bool = False
    items: list[Node] = field(default_factory=list)
    clauses: dict[str, list[Node]] = field(default_factory=dict)
    sorts: Sequence[Node] = ()

    def clause(self, name: str) -> list[Node]:
        """Lists what stands in a clause."""
        return self.clauses.get(name, [])


class Queries:
    """Judges the queries of one tree."""

    def __init__(self, remarks: TreeRemarks, tables: Tables | None, hidden: Collection[str]) -> None:
        self.remarks = remarks
        self.tables = tables
        self.hidden = hidden
        self.named: set[str] = set()
        """Tables that are read, in lower case: no queries of WITH. Grows as the queries are judged."""
        self.expressions = Expressions(remarks, self.query)
        # Stars of which nobody sees what they stand for.
        self.exempt = {
            item.first
            for node in remarks.tree.root.walk()
            if node.kind == "Exists"
            for query in node.of("QuerySpecification")
            for item in query.of("SelectAll")
        }

    def query(self, node: Node, outer: NameScope | None, sorts: Sequence[Node] = ()) -> Columns:
        """Judges a query, and finds its columns; None where they are not known."""
        match node.kind:
            case "Query":
                return self._with(node, outer, sorts)
            case "QueryNoWith":
                body, *rest = node.nodes
                return self.query(body, outer, [part for part in rest if part.kind == "SortItem"])
            case "SetOperation":
                return self._set_operation(node, outer, sorts)
            case "QuerySpecification":
                return self._select(parts_of(self.remarks, node, sorts), outer)
            case "InlineTable":
                return self._values(node, outer)
            case "Table":
                relation = from_clause.table(self, next(node.nodes), outer or NameScope())
                return relation.columns
        for part in node.nodes:  # what stands around a query, as parentheses with a clause of their own
            if part.kind in _QUERIES:
                return self.query(part, outer, sorts)
        return None

    def _with(self, node: Node, outer: NameScope | None, sorts: Sequence[Node]) -> Columns:
        clause, body = node.of("With")[0], list(node.nodes)[-1]
        scope = outer or NameScope()
        recursive, named = "RECURSIVE" in self.remarks.tree.words(clause), set[str]()
        for named_query in clause.of("NamedQuery"):
            parts = list(named_query.nodes)
            name = self.remarks.name(parts[0])
            if name in named:
                text = f"there are two queries '{name}' in this WITH clause: give each its own name"
                self.remarks.error(parts[0], "scope", text)
            named.add(name)
            aliases = parts[1] if parts[1].kind == "ColumnAliases" else None
            names = [self.remarks.name(each) for each in aliases.of(*IDENTIFIERS)] if aliases else None
            # A recursive one sees itself, with columns that only its alias can tell.
            itself = replace(scope, withs={**scope.withs, name: _named(names)}) if recursive else scope
            columns = self.query(parts[-1], itself)
            if aliases and names:
                columns = from_clause.renamed(self, aliases, columns, names)
            scope = replace(scope, withs={**scope.withs, name: columns})
        return self.query(body, scope, sorts)

    def _set_operation(self, node: Node, outer: NameScope | None, sorts: Sequence[Node]) -> Columns:
        queries = [part for part in node.nodes if part.kind != "SetQuantifier"]
        every = [self.query(part, outer) for part in queries]
        first = every[0]
        for part, columns in zip(queries[1:], every[1:], strict=True):
            if first is not None and columns is not None:
                self._meets(first, part, columns)
        if any(columns is None for columns in every) or first is None:
            return None
        columns = [
            OutputColumn(column.name, common([each[place].type for each in every if each and place < len(each)]))
            for place, column in enumerate(first)
        ]
        scope = NameScope(relations=[Relation(None, columns)], withs=outer.withs if outer else {})
        self.expressions.types_of([next(item.nodes) for item in sorts], scope)
        self._check_places(sorts, len(columns))
        return columns

    def _meets(self, first: list[OutputColumn], other: Node, columns: list[OutputColumn]) -> None:
        """Remarks on two queries of a UNION that give no one table."""
        if len(first) != len(columns):
            text = f"the queries of a UNION give as many columns: the first gives {len(first)}, this one {len(columns)}"
            self.remarks.error(other, "scope", text)
            return
        for number, (mine, theirs) in enumerate(zip(first, columns, strict=True), start=1):
            if not go_together(mine.type, theirs.type) and mine.type and theirs.type:
                text = (
                    f"column {number} of this UNION is {mine.type.name} in its first query"
                    f" and {theirs.type.name} in this one: CAST one of them"
                )
                self.remarks.error(other, "type", text, sure=mine.type.sure and theirs.type.sure)

    def _values(self, node: Node, outer: NameScope | None) -> Columns:
        rows = [list(row.nodes) if row.kind == "RowConstructor" else [row] for row in node.nodes]
        types = [self.expressions.types_of(row, outer or NameScope()) for row in rows]
        if len({len(row) for row in rows}) > 1:
            self.remarks.error(node, "scope", "the rows of VALUES have different numbers of columns")
            return None
        return [OutputColumn(None, common([row[place] for row in types])) for place in range(len(rows[0]))]

    def _select(self, parts: SelectParts, outer: NameScope | None) -> Columns:
        scope = from_clause.scope_of(self, parts.clause("FROM"), outer)
        windows = [self.remarks.name(next(window.nodes)) for window in parts.clause("WINDOW")]
        scope = replace(scope, windows=windows)
        aliases = as_written.aliases_of(self.remarks, parts)
        seen = {clause: replace(scope, aliases=aliases, sees=f"{clause} sees columns only") for clause in _SEEN}
        misplaced_calls.check_clauses(self, parts, seen["WHERE"])
        for condition in parts.clause("WHERE"):
            self.expressions.condition(condition, seen["WHERE"], "WHERE")
        for element in parts.clause("GROUP"):
            for set_ in (part for part in element.walk() if part.kind == "GroupingSet"):
                if self.remarks.tree.text(set_).lower() not in aggregation.NEWER_KEYS:
                    self.expressions.types_of(list(set_.nodes), seen["GROUP BY"])
        columns = self._items(parts, seen["SELECT"])
        for condition in parts.clause("HAVING"):
            self.expressions.condition(condition, seen["HAVING"], "HAVING")
        for window in parts.clause("WINDOW"):
            self.expressions.type_of(window, scope)
        aggregation.check(self, parts, scope)
        self._order(parts, scope, columns, aliases)
        return columns

    def _items(self, parts: SelectParts, scope: NameScope) -> Columns:
        columns: list[OutputColumn] = []
        known = True
        for item in parts.items:
            if item.kind == "SelectAll":
                drawn = from_clause.starred(self, item, scope)
                known = known and drawn is not None
                columns += drawn or []
            else:
                expression = next(item.nodes)
                columns.append(
                    OutputColumn(
                        as_written.output_name(self.remarks, item), self.expressions.type_of(expression, scope)
                    )
                )
        return columns if known else None

    def _order(self, parts: SelectParts, scope: NameScope, columns: Columns, aliases: Mapping[str, str]) -> None:
        """Judges ORDER BY, which sees what the SELECT calls its columns before all else."""
        own = {each.name: each.type for each in columns or () if each.name}
        own |= {name: own.get(name) for name in aliases}
        for item in parts.sorts:
            self.expressions.type_of(next(item.nodes), replace(scope, arguments={**scope.arguments, **own}))
        if columns is not None:
            self._check_places(parts.sorts, len(columns))
        if parts.distinct:
            aggregation.check_distinct(self, parts)

    def _check_places(self, sorts: Sequence[Node], columns: int) -> None:
        """Remarks on a number in ORDER BY that no column has."""
        for number in (next(item.nodes) for item in sorts):
            text = self.remarks.tree.text(number)
            if number.kind == "NumericLiteral" and text.isdigit() and not 0 < int(text) <= columns:
                self.remarks.error(number, "group", f"there is no column {text} to order by: the SELECT has {columns}")


_SEEN = ("SELECT", "WHERE", "GROUP BY", "HAVING")


def _named(names: list[str] | None) -> Columns:
    return [OutputColumn(name, None) for name in names] if names else None


def parts_of(remarks: TreeRemarks, node: Node, sorts: Sequence[Node]) -> SelectParts:
    """Takes a SELECT apart by the words that begin its clauses."""
    parts, clause = SelectParts(node, sorts=sorts), "SELECT"
    for part in node.parts:
        if isinstance(part, int):
            word = remarks.tree.tokens[part].word
            clause = word if word in _CLAUSES else clause
        elif part.kind == "SetQuantifier":
            parts.distinct = remarks.tree.words(part) == ["DISTINCT"]
        elif clause == "SELECT":
            parts.items.append(part)
        else:
            parts.clauses.setdefault(clause, []).append(part)
    return parts
