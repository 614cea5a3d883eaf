"""Collects what is found while a tree is walked, each thing once, with its line. Handed through all of this room."""

from dataclasses import dataclass, field

from forebay.scheduler.sql.findings import Finding, Severity
from forebay.scheduler.sql.trino.syntax import Node, SyntaxTree

#: A remark quotes the query, and is not the query.
_MOST_QUOTED = 48


@dataclass(slots=True)
class TreeRemarks:
    """What was found in one tree so far."""

    tree: SyntaxTree
    found: dict[Finding, None] = field(default_factory=dict)

    def error(self, node: Node, rule: str, text: str, *, sure: bool = True) -> None:
        """Remarks on what Trino refuses; only a warning, where that hangs on what is not known."""
        severity = Severity.ERROR if sure else Severity.WARNING
        self.found[Finding(line=self.tree.line(node), rule=rule, severity=severity, text=text)] = None

    def warning(self, node: Node, rule: str, text: str) -> None:
        """Remarks on what runs, and surprises."""
        self.error(node, rule, text, sure=False)

    def quoted(self, node: Node) -> str:
        """Writes a part of the query, cut where it is long."""
        text = self.tree.text(node)
        return text if len(text) <= _MOST_QUOTED else text[: _MOST_QUOTED - 1] + "…"

    def word_after(self, node: Node) -> str:
        """Reads the token that follows a node, in upper case; nothing at the end."""
        after = node.last + 1
        return self.tree.tokens[after].word if after < len(self.tree.tokens) else ""

    def name(self, node: Node) -> str:
        """Reads an identifier as Trino compares it: in lower case, without its quotes."""
        text = self.tree.text(node)
        return (text[1:-1].replace('""', '"') if text[:1] in ('"', "`") else text).lower()

    def literal(self, node: Node) -> str | None:
        """Reads a string literal; None for what is none."""
        text = self.tree.text(node)
        return text[1:-1].replace("''", "'") if node.kind in _STRINGS and text.startswith("'") else None


_STRINGS = frozenset({"StringLiteral", "BasicStringLiteral"})
IDENTIFIERS = ("UnquotedIdentifier", "QuotedIdentifier", "BackQuotedIdentifier", "DigitIdentifier")
