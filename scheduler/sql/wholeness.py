"""Says whether a query over a whole organization gives the rows that it gives account by account, put together.

`fan_out: auto` asks this before it takes one run for all accounts: a sum, a LIMIT or a rank over all of them is another
answer than one for each, and nobody asked for it. What cannot be read counts as another answer.
"""


def another_answer(sql: str) -> str | None:
    """Says what in the rendered SQL takes more than a row of one account; None if nothing does."""
    # sqlglot takes a moment to load, and most expansions never come here.
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    from forebay.scheduler.sql.functions import SCALARS

    try:
        statements = [part for part in sqlglot.parse(sql, read="trino") if part is not None]
    except SqlglotError:
        return "cannot be read here"
    if len(statements) != 1:
        return "is not one statement"
    # An order is only the order of rows; without a LIMIT, which comes below, it chooses none.
    for kinds, what in (
        ((exp.Window, exp.MatchRecognize), "looks at neighbouring rows"),
        ((exp.AggFunc, exp.Group, exp.Having), "adds up rows"),
        ((exp.Limit, exp.Fetch, exp.Offset, exp.TableSample), "chooses among rows"),
        ((exp.Distinct, exp.SetOperation), "compares rows with each other"),
    ):
        if statements[0].find(*kinds):
            return what
    # A function that the parser does not know may be an aggregate.
    called = (node.name.lower() for node in statements[0].find_all(exp.Anonymous))
    unknown = next((name for name in called if name not in SCALARS), None)
    return unknown and f"calls {unknown}(), which may add up rows"
