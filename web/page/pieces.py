"""Finds in a rendered part the pieces that a live stream sends by themselves: of many lanes those that changed. Pure.

A template marks them (`piece` in `macros.html`); text of others cannot, since it is escaped.
"""

from __future__ import annotations

import re

_PIECE = re.compile(r"<!--\[([\w-]+)-->(.*?)<!--\]-->", re.DOTALL)


def changed_pieces(before: str, after: str) -> dict[str, str] | None:
    """Gives those that have changed, by their names; None where more than pieces has."""
    (was, old), (is_now, new) = _parted(before), _parted(after)
    if was != is_now or old.keys() != new.keys():
        return None
    return {name: html for name, html in new.items() if html != old[name]}


def _parted(html: str) -> tuple[str, dict[str, str]]:
    """Takes it apart into what is around pieces, and them."""
    pieces = {found[1]: found[2] for found in _PIECE.finditer(html)}
    return _PIECE.sub("", html), pieces
