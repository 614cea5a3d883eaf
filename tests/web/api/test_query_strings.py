"""Numbers in paths are numbers of a bounded length, or there is nothing there."""

from __future__ import annotations

import pytest

from tests.web.page_served import Told, page_served


@pytest.mark.parametrize("index", ["9" * 5_000, "9" * 12, "-1", "x", "٣"])
@pytest.mark.parametrize("path", ["/b/b1/acme:test/", "/live/b/b1/acme:test/", "/api/v1/batches/b1/runs/acme:test/"])
def test_a_run_that_cannot_be_is_not_there_and_breaks_nothing(path: str, index: str) -> None:
    told = Told()
    with page_served(told) as client:
        assert client.get(path + index).status_code == 404
    assert told.asked == []
