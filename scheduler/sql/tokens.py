"""Finds what the parser lets pass and Trino does not, in the tokens. Part of `scheduler/sql/lint.py`.

sqlglot reads many dialects and forgives much in each: a comma too many, a bracket too few, DuckDB's `FROM t`.
"""

from itertools import pairwise, zip_longest

from sqlglot import tokenize
from sqlglot.tokenizer_core import Token, TokenType

_OPENS = {TokenType.L_PAREN: TokenType.R_PAREN, TokenType.L_BRACKET: TokenType.R_BRACKET}
_CLOSES = frozenset(_OPENS.values())
#: Where a list has ended, so that a comma before it has nothing to announce. Not LIMIT, which may name a column.
_AFTER_A_LIST = frozenset(
    {
        TokenType.COMMA,
        TokenType.FROM,
        TokenType.WHERE,
        TokenType.GROUP_BY,
        TokenType.HAVING,
        TokenType.ORDER_BY,
        TokenType.UNION,
        TokenType.R_PAREN,
        TokenType.SEMICOLON,
    }
)
#: What follows the one kind of brace that Trino has: A{2,3}, {,3} and {- A -}, in MATCH_RECOGNIZE.
_IN_PATTERNS = frozenset({TokenType.NUMBER, TokenType.COMMA, TokenType.DASH})
_FOREIGN = {"::": "Trino has no ::; write CAST(x AS type)", "==": "Trino compares with a single ="}


def forgiven(sql: str) -> tuple[int, str] | None:
    """Gives line and sentence of the first such thing; None if there is none. Raises sqlglot's TokenError."""
    tokens = tokenize(sql, read="trino")
    if tokens and tokens[0].token_type is TokenType.FROM:
        return tokens[0].line, "a query begins with SELECT or WITH"
    return _foreign(tokens) or _braces(tokens) or _commas(tokens) or _brackets(tokens)


def _foreign(tokens: list[Token]) -> tuple[int, str] | None:
    return next(((token.line, _FOREIGN[token.text]) for token in tokens if _is_foreign(token)), None)


def _is_foreign(token: Token) -> bool:
    return token.text in _FOREIGN and token.token_type in (TokenType.DCOLON, TokenType.EQ)


def _braces(tokens: list[Token]) -> tuple[int, str] | None:
    for token, following in pairwise(tokens):
        if token.token_type is TokenType.L_BRACE and following.token_type not in _IN_PATTERNS:
            return token.line, "Trino has no braces; a placeholder of Forebay is written {{ name }}"
    return None


def _commas(tokens: list[Token]) -> tuple[int, str] | None:
    for token, following in zip_longest(tokens, tokens[1:]):
        if token.token_type is TokenType.COMMA and (following is None or following.token_type in _AFTER_A_LIST):
            return token.line, "a comma stands here with nothing after it"
    return None


def _brackets(tokens: list[Token]) -> tuple[int, str] | None:
    opened: list[Token] = []
    for token in tokens:
        if token.token_type in _OPENS:
            opened.append(token)
        elif token.token_type in _CLOSES and (not opened or _OPENS[opened.pop().token_type] is not token.token_type):
            return token.line, f"'{token.text}' closes what was never opened"
    return (opened[-1].line, f"'{opened[-1].text}' is never closed") if opened else None
