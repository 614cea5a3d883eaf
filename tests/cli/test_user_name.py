"""A container's user may have neither a name nor a home: people's decisions are kept all the same."""

import getpass
import os
import pwd
from pathlib import Path
from typing import Any

import pytest
import redis

from forebay.cli.embedded.key_holds import key_holds
from forebay.cli.user_name import user_name
from tests.cli.conftest import Forebay
from tests.cli.test_key_holds import connection
from tests.cli.worker import LANE


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user of whom the system knows the number alone."""

    def unknown(_: Any) -> None:
        raise KeyError("uid not found")

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises((KeyError, OSError)):
        getpass.getuser()


@pytest.mark.usefixtures("nobody")
def test_who_has_no_name_is_named_by_number() -> None:
    assert user_name() == f"user {os.getuid()}"


def test_who_has_no_name_pauses_a_lane(
    deployed: redis.Redis, queries: list[str], forebay: Forebay, request: pytest.FixtureRequest
) -> None:
    assert forebay("submit", *queries).code == 0
    request.getfixturevalue("nobody")

    assert forebay("pause", LANE).code == 0
    assert f"(by user {os.getuid()})" in forebay("lanes").out


@pytest.mark.usefixtures("nobody")
def test_who_has_no_home_works_and_is_told_what_cannot_be_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key_holds(tmp_path).hold(connection())

    assert "cannot be told here" in caplog.text
