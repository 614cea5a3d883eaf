"""Finds out what a FROM clause offers: tables, subqueries, UNNEST and joins of them, with the columns of each.

Part of `selects.py`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from forebay.config.near_miss import near_miss
from forebay.scheduler.sql.trino import row_patterns
from forebay.scheduler.sql.trino.misplaced_calls import check_one_row
from forebay.scheduler.sql.trino.remarks import IDENTIFIERS
from forebay.scheduler.sql.trino.scopes import Columns, NameScope, OutputColumn, Relation, columns_in, resolve
from forebay.scheduler.sql.trino.syntax import Node
from forebay.scheduler.sql.trino.usual_columns import USUAL_COLUMNS
from forebay.scheduler.sql.trino.value_types import named, parse_type

if TYPE_CHECKING:
    from forebay.scheduler.sql.trino.selects import Queries


def scope_of(queries: "Queries", relations: Sequence[Node], outer: NameScope | None) -> NameScope:
    """Makes the scope of a SELECT; each relation sees the ones before it, as UNNEST needs."""
    scope = NameScope(outer=outer, withs=outer.withs if outer else {})
    for relation in relations:
        scope = _join(queries, relation, scope)
    return scope


def _join(queries: "Queries", node: Node, scope: NameScope) -> NameScope:
    if node.kind != "JoinRelation":
        return replace(scope, relations=[*scope.relations, _relation(queries, node, scope)])
    natural, left = "NATURAL" in queries.remarks.tree.words(node), 0
    for part in node.nodes:
        if part.kind == "JoinCriteria":
            scope = _criteria(queries, part, scope, left)
        elif part.kind != "JoinType":
            left = len(scope.relations)
            scope = _join(queries, part, scope)
    return replace(scope, natural=scope.natural or natural)


def _criteria(queries: "Queries", node: Node, scope: NameScope, left: int) -> NameScope:
    """Judges ON or USING; the first `left` relations stand on its left side."""
    if "ON" in queries.remarks.tree.words(node):
        condition = next(node.nodes)
        queries.expressions.condition(condition, scope, "ON")
        check_one_row(queries, condition, "ON", "put it into a subquery")
        return scope
    names = [queries.remarks.name(name) for name in node.of(*IDENTIFIERS)]
    if not scope.is_known:
        return replace(scope, natural=True)
    joined = [_first(scope.relations, name) for name in names]
    for name, node_of_name in zip(names, node.of(*IDENTIFIERS), strict=True):
        for where, side in (("left", scope.relations[:left]), ("right", scope.relations[left:])):
            if _first(side, name) is None:
                hint = near_miss(name, {each.name for relation in side for each in relation.columns or () if each.name})
                text = f"there is no column '{name}' to join by on the {where} side{hint}"
                queries.remarks.error(node_of_name, "column", text)
    # Each stands there once now, and belongs to neither side.
    rest = [
        replace(relation, columns=[each for each in relation.columns or () if each.name not in names])
        for relation in scope.relations
    ]
    return replace(scope, relations=[Relation(None, [column for column in joined if column]), *rest])


def _first(relations: Sequence[Relation], name: str) -> OutputColumn | None:
    return next((column for relation in relations for column in relation.named(name)), None)


def _relation(queries: "Queries", node: Node, scope: NameScope) -> Relation:
    """Judges one relation with its alias."""
    if node.kind in ("AliasedRelation", "SampledRelation"):
        return _named(queries, node, _relation(queries, next(node.nodes), scope))
    match node.kind:
        case "PatternRecognition":
            source = _relation(queries, next(node.nodes), scope)
            return _named(queries, node, Relation(None, row_patterns.matched(queries.expressions, node, source, scope)))
        case "TableName":
            return table(queries, node.of("QualifiedName")[0], scope)
        case "SubqueryRelation":
            # A subquery sees the queries around this one, and not its neighbours.
            outer = replace(scope.outer, withs=scope.withs) if scope.outer else NameScope(withs=scope.withs)
            return Relation(None, queries.query(next(node.nodes), outer))
        case "Lateral":
            return Relation(None, queries.query(next(node.nodes), scope))
        case "Unnest":
            return Relation(None, _unnested(queries, node, scope))
        case "JoinRelation":
            joined = _join(queries, node, NameScope(outer=scope, withs=scope.withs))
            known = [each for relation in joined.relations for each in relation.columns or ()]
            return Relation(None, known if joined.is_known else None)
    return Relation(None, None)


def _named(queries: "Queries", node: Node, inner: Relation) -> Relation:
    """Gives a relation the name, and its columns the names, that stand behind it."""
    names, lists = node.of(*IDENTIFIERS), node.of("ColumnAliases")
    name = queries.remarks.name(names[0]) if names else inner.name
    aliases = [queries.remarks.name(each) for each in lists[0].of(*IDENTIFIERS)] if lists else None
    if aliases is None or inner.table:  # of a table nobody knows whether all columns are known
        return replace(inner, name=name, columns=inner.columns if aliases is None else None)
    return replace(inner, name=name, columns=renamed(queries, lists[0], inner.columns, aliases))


def _unnested(queries: "Queries", node: Node, scope: NameScope) -> Columns:
    types = queries.expressions.types_of(list(node.nodes), scope)
    columns: list[OutputColumn] = []
    for argument, found in zip(node.nodes, types, strict=True):
        if found and found.family not in ("array", "map", "anything"):
            quoted = queries.remarks.quoted(argument)
            way = f": write split({quoted}, ',')" if found.family == "text" else ""
            text = f"UNNEST makes rows of lists and maps, and {quoted} is {found.name}{way}"
            queries.remarks.error(argument, "type", text, sure=found.sure)
        if found is None or not found.inner:
            return None
        if found.family == "array" and (found.inner[0] is None or found.inner[0].family == "row"):
            return None  # of a list of rows it makes a column of each field
        columns += [OutputColumn(None, part) for part in found.inner]
    ordinality = [OutputColumn(None, named("bigint"))] if "ORDINALITY" in queries.remarks.tree.words(node) else []
    return [*columns, *ordinality]


def table(queries: "Queries", node: Node, scope: NameScope) -> Relation:
    """Finds a table: a query of a WITH clause, or else one of Stripe's."""
    names = [queries.remarks.name(name) for name in node.of(*IDENTIFIERS)]
    name = names[-1]
    if len(names) == 1 and name in scope.withs:
        return Relation(name, scope.withs[name])
    queries.named.add(".".join(names))
    if len(names) > 1:
        return Relation(name, None)
    if queries.tables is None:
        return Relation(name, None, usual=USUAL_COLUMNS, table=name)
    if name not in queries.tables:
        hint = near_miss(name, {*queries.tables, *scope.withs})
        if _is_within_its_own(queries, node, name):
            hint = "; a query of WITH that reads itself begins WITH RECURSIVE"
        queries.remarks.error(node, "table", f"there is no table '{name}'{hint}")
        return Relation(name, None, table=name)
    columns = [OutputColumn(column, parse_type(kind)) for column, kind in queries.tables[name].items()]
    hidden = [OutputColumn(column, named("varchar")) for column in queries.hidden if column not in queries.tables[name]]
    return Relation(name, [*hidden, *columns], table=name)


def _is_within_its_own(queries: "Queries", node: Node, name: str) -> bool:
    """Tells whether this stands in the query of a WITH clause that has the name."""
    return any(
        queries.remarks.name(next(each.nodes)) == name
        for each in queries.remarks.tree.root.walk()
        if each.kind == "NamedQuery" and each.first <= node.first <= each.last
    )


def renamed(queries: "Queries", node: Node, columns: Columns, names: Sequence[str]) -> Columns:
    """Gives columns the names that an alias lists, and remarks where there are more or fewer of them."""
    if columns is not None and len(columns) != len(names):
        counted = f"{len(names)} name{'s' * (len(names) != 1)} for {len(columns)} column{'s' * (len(columns) != 1)}"
        queries.remarks.error(node, "scope", f"an alias names each column or none, and this one has {counted}")
        columns = None
    types = [each.type for each in columns] if columns is not None else [None] * len(names)
    return [OutputColumn(name, found) for name, found in zip(names, types, strict=True)]


def starred(queries: "Queries", item: Node, scope: NameScope) -> Columns:
    """Finds what `*` or `t.*` stands for, and remarks on one that follows whatever Stripe adds to a table."""
    base = next(item.nodes, None)
    relations = list(scope.relations)
    if base is not None:
        name = queries.remarks.name(base) if base.kind == "ColumnReference" else ""
        relations = [relation for relation in relations if relation.name == name]
        if not relations:
            if name and not columns_in(scope, name) and not resolve(scope, name).found:
                queries.remarks.error(item, "column", f"there is no table or alias '{name}' here")
            return columns_in(scope, name) or None
    if any(relation.table for relation in relations) and item.first not in queries.exempt:
        text = "SELECT * changes its columns when Stripe adds one; list those that are meant"
        queries.remarks.warning(item, "select-star", text)
    if any(relation.columns is None for relation in relations) or scope.natural:
        return None
    return [column for relation in relations for column in relation.columns or ()]
