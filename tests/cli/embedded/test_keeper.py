"""A worker that cannot be started is tried again and told, and the supervisor lives on with its Valkey."""

import os
from pathlib import Path

import pytest

from forebay.cli.embedded import keeper as of_keeper
from forebay.cli.embedded.home import Home
from forebay.cli.embedded.keeper import DEATHS_TO_TELL, Keeper


def test_a_worker_for_which_there_is_no_room_is_tried_again_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / ".forebay")
    home.make()
    home.logs.rmdir()
    home.logs.write_text("no folder: nothing can be opened in it")
    monkeypatch.setattr(of_keeper, "FIRST_WAIT_S", 0.0)
    keeper = Keeper(home, "submit,poll", os.environ)

    for _ in range(DEATHS_TO_TELL):
        assert keeper.trouble is None
        keeper.advance()

    assert keeper.trouble
    assert (keeper.trouble.worker, keeper.trouble.deaths) == ("submit,poll", DEATHS_TO_TELL)
    keeper.wait()
