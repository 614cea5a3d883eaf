"""Reads comments by which a query says how its own run should go: `-- sandbox: duration=2.5 fail=internal_error`.

duration=SECONDS   replaces the drawn duration
fail=CODE          the run ends as failed with this error_code (any text; Stripe's list is open)
cancel             the run is canceled when its duration has passed
"""

import re
from dataclasses import dataclass

_COMMENT = re.compile(r"--[ \t]*sandbox:[ \t]*([^\n]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Directives:
    """What one query asks for; None where it asks for nothing."""

    duration_s: float | None = None
    fail_code: str | None = None
    cancel: bool = False


def read_directives(sql: str) -> Directives:
    """Reads the comments of `sql`; raises ValueError with advice for a directive that is not understood."""
    duration_s: float | None = None
    fail_code: str | None = None
    cancel = False
    for word in " ".join(_COMMENT.findall(sql)).split():
        name, _, value = word.partition("=")
        if name == "duration" and re.fullmatch(r"\d+(\.\d+)?", value):
            duration_s = float(value)
        elif name == "fail" and value:
            fail_code = value
        elif word == "cancel":
            cancel = True
        else:
            raise ValueError(f"unknown sandbox directive {word!r}; write duration=SECONDS, fail=CODE or cancel")
    return Directives(duration_s=duration_s, fail_code=fail_code, cancel=cancel)
