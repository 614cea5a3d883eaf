"""Rewrites functions of lists and maps that DuckDB has in another form. Part of `rewrites.py`."""

from collections.abc import Callable

from sqlglot import exp

from forebay.sandbox.sql.map_columns import is_map

#: The element of a pair, in a rewritten lambda.
_PAIR = "pair_"
#: What is a list by its looks, where a function of Trino takes texts, too.
_LISTS = (exp.Array, exp.ArrayAgg, exp.Split, exp.GenerateSeries, exp.ArrayDistinct, exp.ArrayFilter)


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name.upper(), expressions=[argument.copy() for argument in arguments])


def slice_by_length(node: exp.Expr) -> exp.Expr:
    """Makes slice(x, start, length) a slice up to an end, as DuckDB counts."""
    start, length = node.args["start"], node.args.get("end")
    if length is None:
        return node
    end = exp.Sub(this=exp.Add(this=start.copy(), expression=length.copy()), expression=exp.Literal.number(1))
    return _call("LIST_SLICE", node.this, start, end)


def repeated(node: exp.Expr) -> exp.Expr:
    """Makes repeat(x, n) a list; DuckDB's is a text."""
    return _call("REPEAT_ELEMENT", node.this, node.args["times"])


def reversed_list(node: exp.Expr) -> exp.Expr:
    """Makes reverse take lists, as far as they look like some."""
    return _call("LIST_REVERSE", node.this) if isinstance(node.this, _LISTS) else node


def position_or_zero(node: exp.Expr) -> exp.Expr:
    """Makes array_position of what is not there 0, as in Trino; in DuckDB it is NULL."""
    found = _call("LIST_POSITION", node.this, node.expression)
    zero = exp.Case(ifs=[exp.If(this=node.this.copy().is_(exp.null()).not_(), true=exp.Literal.number(0))])
    return exp.func("COALESCE", found, zero)


def in_order(name: str) -> Callable[[exp.Expr], exp.Expr]:
    """Makes a rule: the macro of this name keeps the order of a list, and DuckDB's own function does not."""

    def rule(node: exp.Expr) -> exp.Expr:
        return _call(name, node.this, *([node.expression] if node.args.get("expression") else []))

    return rule


def finished(node: exp.Expr) -> exp.Expr:
    """Makes reduce with a function for its end a reduce, and what that function makes of it."""
    finish = node.args.get("finish")
    reduced = exp.Reduce(this=node.this.copy(), initial=node.args["initial"].copy(), merge=node.args["merge"].copy())
    if not isinstance(finish, exp.Lambda):
        return node
    return _applied(finish, {finish.expressions[0].name: reduced})


def with_pairs(node: exp.Expr) -> exp.Expr:
    """Makes functions whose lambda takes two values functions of pairs."""
    name, arguments = node.name.lower(), node.expressions
    if name == "zip_with" and len(arguments) == 3:
        return _call("LIST_TRANSFORM", _call("LIST_ZIP", arguments[0], arguments[1]), _of_pairs(arguments[2], "1", "2"))
    if name == "map_filter" and len(arguments) == 2:
        kept = _call("LIST_FILTER", _call("MAP_ENTRIES", arguments[0]), _of_pairs(arguments[1], "key", "value"))
        return _call("MAP_FROM_ENTRIES", kept)
    if name in ("transform_values", "transform_keys") and len(arguments) == 2:
        return _with_other_entries(arguments[0], arguments[1], values=name == "transform_values")
    return node


def _with_other_entries(entries: exp.Expr, function: exp.Expr, *, values: bool) -> exp.Expr:
    made = _of_pairs(function, "key", "value").this
    pair = (_part("key"), made) if values else (made, _part("value"))
    entry = exp.Lambda(this=_call("ROW", *pair), expressions=[exp.to_identifier(_PAIR)])
    return _call("MAP_FROM_ENTRIES", _call("LIST_TRANSFORM", _call("MAP_ENTRIES", entries), entry))


def several_lists(node: exp.Expr) -> exp.Expr:
    """Makes UNNEST of several lists, of maps or of rows a subquery; DuckDB's takes one list, and gives one column."""
    lists: list[exp.Expr] = []
    for each in node.expressions:
        lists += [_call("MAP_KEYS", each), _call("MAP_VALUES", each)] if is_map(each) else [each.copy()]
    alias, counted = node.args.get("alias"), node.args.get("offset")
    names = [name.copy() for name in alias.columns] if alias is not None else []
    has_rows = len(lists) == 1 and len(names) > 1
    if len(lists) == 1 and not has_rows:
        return node
    # In a SELECT they stand side by side, the shorter ones filled up with NULL, as in Trino.
    depth = [exp.PropertyEQ(this=exp.to_identifier("max_depth"), expression=exp.Literal.number(2))] * has_rows
    drawn = [exp.Anonymous(this="UNNEST", expressions=[each.copy(), *depth]) for each in lists]
    if counted:
        lengths = [exp.func("COALESCE", _call("LEN", each), exp.Literal.number(0)) for each in lists]
        places = exp.Anonymous(
            this="GENERATE_SERIES",
            expressions=[exp.Literal.number(1), exp.Anonymous(this="GREATEST", expressions=lengths)],
        )
        drawn.append(exp.Anonymous(this="UNNEST", expressions=[places]))
        names += [counted.copy()] if isinstance(counted, exp.Identifier) and names else []
    drawn_alias = exp.TableAlias(this=alias.this.copy(), columns=names) if alias is not None and alias.this else None
    return exp.Subquery(this=exp.Select(expressions=drawn), alias=drawn_alias)


def _of_pairs(function: exp.Expr, first: str, second: str) -> exp.Expr:
    names = [argument.name for argument in function.expressions]
    parts = [_part(field) for field in (first, second)]
    body = _applied(function, dict(zip(names, parts, strict=True)))
    return exp.Lambda(this=body, expressions=[exp.to_identifier(_PAIR)])


def _part(field: str) -> exp.Expr:
    key = exp.Literal.number(field) if field.isdigit() else exp.Literal.string(field)
    return _call("STRUCT_EXTRACT", exp.to_identifier(_PAIR), key)


def _applied(function: exp.Expr, values: dict[str, exp.Expr]) -> exp.Expr:
    """Puts values in the places of a lambda's arguments."""

    def replaced(node: exp.Expr) -> exp.Expr:
        is_argument = (isinstance(node, exp.Column) and not node.table) or isinstance(node, exp.Identifier)
        return values[node.name].copy() if is_argument and node.name in values else node

    body: exp.Expr = function.this.copy().transform(replaced)
    return body
