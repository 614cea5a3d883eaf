from __future__ import annotations

import re

import pytest

from forebay.queryrun import errors
from forebay.queryrun.errors import QueryRunError


def tree(root: type[QueryRunError]) -> list[type[QueryRunError]]:
    return [root, *(found for child in root.__subclasses__() for found in tree(child))]


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"[├└│─ ]+(\w+Error)\b", errors.__doc__ or "")

    assert sorted(drawn) == sorted(kind.__name__ for kind in tree(QueryRunError))


@pytest.mark.parametrize("kind", tree(QueryRunError))
def test_every_error_says_when_it_is_raised(kind: type[QueryRunError]) -> None:
    assert (kind.__doc__ or "").startswith("Raised when ")


@pytest.mark.parametrize("kind", tree(QueryRunError))
def test_every_error_is_made_the_same_way(kind: type[QueryRunError]) -> None:
    error = kind("why", status=400, code="c", request_id="req_1")

    assert (error.message, error.status, error.code, error.request_id) == ("why", 400, "c", "req_1")
