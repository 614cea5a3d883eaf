"""Reads SQL by Trino's own grammar: into a tree, or into the fault that keeps Trino from reading it.

The grammar is a library's (`trino-query-parser`, of Trino 422), and nothing else here touches ANTLR. It takes a moment
to load and some 2 ms a query, so only who judges SQL imports this, and queries of one shape are parsed once: whether
tokens are a query, and which tree they make, depends on their kinds alone. `judge.py` walks the tree.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from antlr4 import CommonTokenStream, InputStream
from antlr4.atn.PredictionMode import PredictionMode
from antlr4.error.ErrorListener import ErrorListener
from antlr4.Token import Token as AntlrToken
from antlr4.tree.Tree import TerminalNode
from trino_query_parser.SqlBaseLexer import SqlBaseLexer
from trino_query_parser.SqlBaseParser import SqlBaseParser

#: Rules that only hand on what stands below them.
_PASSING = frozenset(
    {
        "Expression", "Predicated", "ValueExpressionDefault", "QueryTermDefault", "QueryPrimaryDefault",
        "RelationDefault", "SampledRelation", "PatternRecognition", "AliasedRelation", "Query", "QueryNoWith",
        "StatementDefault", "SingleStatement", "ParenthesizedExpression", "SingleGroupingSet", "Subquery",
        "ParenthesizedRelation",
    }
)  # fmt: skip
#: Of these one may stand in another thousands of times, always as its first part: they become one node with many parts.
_CHAINS = frozenset({"And", "Or", "ArithmeticBinary", "Concatenation", "SetOperation", "JoinRelation"})
#: Shapes kept. A list of queries that a program wrote has few; one that people wrote has one each.
_MOST_SHAPES = 512


@dataclass(frozen=True, slots=True)
class SqlToken:
    """One word, literal or sign, as it was written."""

    text: str
    kind: int
    line: int
    """From 1."""
    column: int
    """From 1."""

    @property
    def word(self) -> str:
        return self.text.upper()


@dataclass(frozen=True, slots=True)
class Node:
    """What a rule of the grammar has read: other nodes, and tokens by their place."""

    kind: str
    """The rule, or its alternative, as the grammar calls it: `FunctionCall`, `QuerySpecification`."""
    parts: tuple["Node | int", ...]
    first: int
    last: int

    @property
    def nodes(self) -> Iterator["Node"]:
        """Yields the nodes that it is made of."""
        return (part for part in self.parts if isinstance(part, Node))

    def of(self, *kinds: str) -> list["Node"]:
        """Lists those of its nodes that are of one of these kinds."""
        return [part for part in self.nodes if part.kind in kinds]

    def walk(self) -> Iterator["Node"]:
        """Yields it and all below it, from left to right."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(list(node.nodes)))


@dataclass(frozen=True, slots=True)
class SyntaxTree:
    """A statement that the grammar takes."""

    root: Node
    tokens: tuple[SqlToken, ...]

    def line(self, node: Node) -> int:
        """Finds where a node begins."""
        return self.tokens[min(node.first, len(self.tokens) - 1)].line if self.tokens else 1

    def words(self, node: Node) -> list[str]:
        """Lists the tokens that are the node's own, in upper case."""
        return [self.tokens[part].word for part in node.parts if isinstance(part, int)]

    def text(self, node: Node) -> str:
        """Writes a node's tokens with single blanks, as a person would."""
        return written(self.tokens[node.first : node.last + 1])


@dataclass(slots=True)
class SyntaxFaultError(Exception):
    """Raised when the grammar does not take a statement."""

    tokens: tuple[SqlToken, ...]
    at: int
    """Which token is not expected; their number, where the statement ends too early."""


#: A bracket stands apart from these, and close to the name of a function.
_SIGNS = (",", "=", "<", ">", "+", "-", "*", "/", "||", "<>", "<=", ">=", "%")
_NO_CALLS = frozenset(
    {
        "ALL", "AND", "ANY", "AS", "BETWEEN", "BY", "ELSE", "EXCEPT", "EXISTS", "FILTER", "FROM", "GROUP", "HAVING",
        "IN", "INTERSECT", "JOIN", "LATERAL", "LIKE", "NOT", "ON", "OR", "OVER", "SELECT", "SETS", "SOME", "THEN",
        "UNION", "USING", "VALUES", "WHEN", "WHERE", "WITHIN",
    }
)  # fmt: skip


def written(tokens: Sequence[SqlToken]) -> str:
    """Writes tokens with blanks where a person writes some."""
    text = ""
    for before, token in zip([None, *tokens], tokens, strict=False):
        apart = before is not None and token.text not in ".,)]([" and before.text not in ".(["
        if before is not None and token.text in ("(", "[") and (before.text in _SIGNS or before.word in _NO_CALLS):
            apart = True
        text += " " * apart + token.text
    return text


def tokens_of(sql: str) -> tuple[SqlToken, ...]:
    """Splits SQL into tokens, without blanks and comments; what the grammar knows no token for is one a character."""
    lexer = SqlBaseLexer(_stream(sql))
    return tuple(
        SqlToken(token.text, token.type, token.line, token.column + 1)
        for token in lexer.getAllTokens()
        if token.channel == AntlrToken.DEFAULT_CHANNEL
    )


def read(tokens: tuple[SqlToken, ...]) -> SyntaxTree:
    """Reads one statement. Raises `SyntaxFaultError`, and `RecursionError` where it is nested too deeply."""
    shape = tuple(token.kind for token in tokens)
    root = _shapes.get(shape)
    if root is None:
        root = _shapes[shape] = _parsed(tokens)
        if len(_shapes) > _MOST_SHAPES:
            _shapes.popitem(last=False)
    return SyntaxTree(root, tokens)


_shapes: OrderedDict[tuple[int, ...], Node] = OrderedDict()


def _stream(sql: str) -> Any:
    """Makes a stream whose letters are compared without their case, as the grammar wants it, and kept as they are."""
    stream = InputStream(sql)
    stream.data = [ord(letter.upper()) if letter.isascii() else ord(letter) for letter in sql]
    return stream


class _Refused(Exception):
    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


class _Refusing(ErrorListener):  # type: ignore[misc] # the library has no types
    def syntaxError(self, _recognizer: Any, symbol: Any, *_rest: Any) -> None:  # noqa: N802 - the library's name
        raise _Refused(symbol.tokenIndex)


class _Listed:
    """Hands tokens that were read before to a parser."""

    def __init__(self, tokens: tuple[SqlToken, ...]) -> None:
        self._kinds = iter([token.kind for token in tokens])
        self.line = self.column = 0

    def nextToken(self) -> Any:  # noqa: N802 - the library's name
        token = AntlrToken()
        token.type = next(self._kinds, AntlrToken.EOF)
        token.text, token.channel = "", AntlrToken.DEFAULT_CHANNEL
        return token


def _parsed(tokens: tuple[SqlToken, ...]) -> Node:
    """Tries the quick way first: it may refuse what is right, and never takes what is wrong."""
    try:
        return _parse(tokens, PredictionMode.SLL)
    except _Refused:
        pass
    try:
        return _parse(tokens, PredictionMode.LL)
    except _Refused as refused:
        raise SyntaxFaultError(tokens, min(refused.at, len(tokens))) from None


def _parse(tokens: tuple[SqlToken, ...], mode: Any) -> Node:
    parser = SqlBaseParser(CommonTokenStream(_Listed(tokens)))
    parser.removeErrorListeners()
    parser.addErrorListener(_Refusing())
    parser._interp.predictionMode = mode  # noqa: SLF001 - how ANTLR's documentation sets it
    return _node(parser.singleStatement())


def _node(context: Any) -> Node:
    """Makes nodes of ANTLR's contexts, which know their parser and are three times as deep."""
    while _kind(context) in _PASSING and (only := _only_child(context)) is not None:
        context = only
    kind = _kind(context)
    children = list(context.getChildren())
    while kind in _CHAINS and _kind(children[0]) == kind:
        children = [*children[0].getChildren(), *children[1:]]
    parts = tuple(
        child.symbol.tokenIndex if isinstance(child, TerminalNode) else _node(child)
        for child in children
        if not _is_end(child)
    )
    return Node(kind, parts, _edge(children), _edge(children, last=True))


def _edge(children: list[Any], *, last: bool = False) -> int:
    """Finds the token at one end, brackets around a part counted; -1 for a rule that read nothing.

    ANTLR's own notes of both ends are hidden by labels like them.
    """
    for child in reversed(children) if last else children:
        if not isinstance(child, TerminalNode):
            found = _edge(list(child.getChildren()), last=last)
        else:
            found = -1 if _is_end(child) else child.symbol.tokenIndex
        if found >= 0:
            return int(found)
    return -1


def _kind(context: Any) -> str:
    return type(context).__name__.removesuffix("Context")


def _only_child(context: Any) -> Any:
    """Finds the one part that matters, between nothing but parentheses and the end."""
    parts = [child for child in context.getChildren() if not isinstance(child, TerminalNode)]
    rest = [child for child in context.getChildren() if isinstance(child, TerminalNode)]
    return (
        parts[0] if len(parts) == 1 and all(_is_end(one) or one.symbol.type in _PARENTHESES for one in rest) else None
    )


def _is_end(child: Any) -> bool:
    return isinstance(child, TerminalNode) and child.symbol.type == AntlrToken.EOF


_PARENTHESES = frozenset({SqlBaseParser.literalNames.index("'('"), SqlBaseParser.literalNames.index("')'")})
