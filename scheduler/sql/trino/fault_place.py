"""Looks around the token at which a syntax fault was found. Part of `syntax_remedies.py`."""

import re
from dataclasses import dataclass

from forebay.scheduler.sql.trino.syntax import SqlToken, written


@dataclass(frozen=True, slots=True)
class FaultPlace:
    """Tokens around the one at fault: `here(0)` is that one, `here(-1)` the one before."""

    tokens: tuple[SqlToken, ...]
    at: int

    def word(self, step: int = 0) -> str:
        """Gives a word in upper case; nothing beyond either end."""
        at = self.at + step
        return self.tokens[at].word if 0 <= at < len(self.tokens) else ""

    def text(self, step: int = 0) -> str:
        at = self.at + step
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def line(self, step: int = 0) -> int:
        """Finds the line of a token; beyond the end, of the last."""
        at = min(self.at + step, len(self.tokens) - 1)
        return self.tokens[at].line if self.tokens else 1

    def operand(self, step: int = -1) -> str:
        """Writes the plain name, literal or call that ends there; `x` for what is more than that."""
        end, depth = self.at + step, 0
        start = end
        while start >= 0 and (depth or self.tokens[start].text == ")"):
            depth += {")": 1, "(": -1}.get(self.tokens[start].text, 0)
            start -= 1 if depth else 0
            if not depth:
                break
        start = self._name_begins(start)
        return written(self.tokens[start : end + 1]) if 0 <= start <= end and end - start < 12 else "x"

    def within(self, step: int = 0) -> str:
        """Gives the word before the innermost bracket that is open before a token, in upper case."""
        depth = 0
        for at in range(self.at + step - 1, 0, -1):
            depth += {")": 1, "(": -1}.get(self.tokens[at].text, 0)
            if depth < 0:
                return self.tokens[at - 1].word
        return ""

    def _name_begins(self, at: int) -> int:
        if at > 0 and self.tokens[at].text == "(" and re.fullmatch(r"\w+", self.tokens[at - 1].text):
            at -= 1
        while at > 1 and self.tokens[at - 1].text == ".":
            at -= 2
        return at
