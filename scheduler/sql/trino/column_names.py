"""Finds out which column a name means, and says so of names that mean none, or several. Part of `expressions.py`."""

import re
from typing import TYPE_CHECKING

from forebay.config.near_miss import near_miss
from forebay.scheduler.sql.trino.scopes import Meaning, NameScope, columns_in, new_name, resolve, resolve_in
from forebay.scheduler.sql.trino.syntax import Node
from forebay.scheduler.sql.trino.value_types import ValueType

if TYPE_CHECKING:
    from forebay.scheduler.sql.trino.expressions import Expressions


def column(expressions: "Expressions", node: Node, scope: NameScope) -> ValueType | None:
    """Finds the type of a column without a relation before it."""
    name = expressions.remarks.name(node)
    meaning = resolve(scope, name)
    if meaning.twice:
        places = " and ".join(dict.fromkeys(meaning.twice))
        text = f"'{name}' is a column of {places}: write whose, as {meaning.twice[0]}.{name}"
        expressions.remarks.error(node, "column", text)
    if not meaning.found:
        rule = "alias" if _is_alias(scope, name) else "column"
        expressions.remarks.error(node, rule, _not_found(expressions, node, scope, name))
    return meaning.type


def _not_found(expressions: "Expressions", node: Node, scope: NameScope, name: str) -> str:
    if _is_alias(scope, name):
        return f"'{name}' is what this SELECT calls {scope.aliases[name]}, and {scope.sees}: repeat the expression"
    hint = near_miss(name, scope.offered)
    if not hint and expressions.remarks.tree.text(node).startswith('"'):
        hint = f"; a text stands in single quotes: '{expressions.remarks.tree.text(node)[1:-1]}'"
    return f"there is no column '{name}'{hint}"


def _is_alias(scope: NameScope, name: str) -> bool:
    """Tells whether the SELECT calls something else by this name: `sum(amount) AS amount` means a column."""
    if name not in scope.aliases:
        return False
    expression = re.sub(r"'[^']*('|$)", "", scope.aliases[name].lower())
    return re.search(rf"\b{re.escape(name)}\b(?!\s*\()", expression) is None


def dereference(expressions: "Expressions", node: Node, scope: NameScope) -> ValueType | None:
    """Finds the type of a column behind its relation, or of a field of a row."""
    base, field = node.nodes
    if base.kind != "ColumnReference":
        if base.kind != "Dereference" or _begins_with_relation(expressions, base, scope):
            expressions.type_of(base, scope)
        return None
    relation, name = expressions.remarks.name(base), expressions.remarks.name(field)
    meaning = resolve_in(scope, relation, name)
    if meaning is None:
        _check_relation(expressions, node, relation, scope)
        return None
    _check_meaning(expressions, node, scope, meaning)
    return meaning.type


def _begins_with_relation(expressions: "Expressions", base: Node, scope: NameScope) -> bool:
    """Tells `alias.column.field` from `schema.table.column`, which is not judged."""
    first, second = base.nodes
    if first.kind != "ColumnReference" or resolve_in(scope, expressions.remarks.name(first), "") is None:
        return False
    return resolve_in(scope, expressions.remarks.name(second), "") is None


def _check_meaning(expressions: "Expressions", node: Node, scope: NameScope, meaning: Meaning) -> None:
    relation, name = (expressions.remarks.name(part) for part in node.nodes)
    if meaning.twice:
        text = f"{len(meaning.twice)} relations are called '{relation}' here: give each a name of its own"
        expressions.remarks.error(node, "column", text)
    elif not meaning.found:
        offered = {each.name for each in columns_in(scope, relation) if each.name}
        text = f"there is no column '{name}' in {relation}{near_miss(name, offered)}"
        expressions.remarks.error(node, "column", text)


def _check_relation(expressions: "Expressions", node: Node, relation: str, scope: NameScope) -> None:
    """Remarks on a name before a column that is no relation's, and no row's."""
    if called := new_name(scope, relation):
        # Where columns are not known, a row may have the name of the table: nobody does that.
        field = expressions.remarks.tree.text(list(node.nodes)[1])
        text = f"'{relation}' is called {called} here: write {called}.{field}"
        expressions.remarks.error(node, "column", text, sure=not resolve(scope, relation).found)
    elif not resolve(scope, relation).found:
        expressions.remarks.error(node, "column", f"there is no table or alias '{relation}' here")
