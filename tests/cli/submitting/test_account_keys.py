"""A connection with a key for each account: what is said when one is missing, before anything is spent."""

from pathlib import Path

import pytest
import redis

from tests.cli.conftest import Forebay, files
from tests.cli.stripe import EndlessStripe

SPEC = """
version: 1
connections:
  shops: {{mode: test, key: "secret://env/KEY_{{account}}", api_base: "{url}"}}
accounts:
  shops: {{list: [{accounts}]}}
defaults: {{output: results}}
batches:
  close: {{sql: SELECT 1, accounts: shops}}
"""


@pytest.fixture
def spec(folder: Path, stripe: EndlessStripe, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nine accounts, of which the first has a key."""
    accounts = ", ".join(f"acct_{number}" for number in range(1, 10))
    (folder / "forebay.yaml").write_text(SPEC.format(url=stripe.url, accounts=accounts))
    monkeypatch.setenv("KEY_acct_1", "rk_test_1")
    return folder


@pytest.fixture
def all_but_two(spec: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for number in (3, 4, 5, 6, 7, 8):
        monkeypatch.setenv(f"KEY_acct_{number}", f"rk_test_{number}")
    return spec


@pytest.mark.parametrize("command", ["run", "submit"])
def test_accounts_without_a_key_are_refused_together_and_nothing_is_written(
    all_but_two: Path, deployed: redis.Redis, forebay: Forebay, command: str
) -> None:
    before = files(all_but_two)

    said = forebay(command, "close", "--json")

    assert said.code == 4
    (event,) = said.events
    assert event["error"]["class"] == "auth"
    assert event["error"]["message"].startswith(
        "2 of 9 accounts have no usable key (acct_2, acct_9): secret://env/KEY_"
    )
    assert "exclude" in event["error"]["next"]
    assert files(all_but_two) == before
    assert deployed.keys("fb:*") == []


def test_two_accounts_with_one_key_are_refused(
    all_but_two: Path, deployed: redis.Redis, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_acct_2", "rk_test_2")
    monkeypatch.setenv("KEY_acct_9", "rk_test_2")

    said = forebay("submit", "close")

    assert said.code == 2
    assert "acct_2 and acct_9 have the same key, so results of one would land as the other's" in said.err
    assert "rk_test_2" not in said.err
    assert deployed.keys("fb:*") == []


def test_a_key_of_the_other_mode_is_no_usable_one(
    all_but_two: Path, deployed: redis.Redis, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_acct_2", "rk_test_2")
    monkeypatch.setenv("KEY_acct_9", "rk_live_9")

    said = forebay("submit", "close")

    assert said.code == 4
    assert "1 of 9 accounts have no usable key (acct_9): secret://env/KEY_acct_9 holds a live key" in said.err
    assert "rk_live_9" not in said.err


def test_queries_with_accounts_of_their_own_are_held_to_it_too(
    all_but_two: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    (all_but_two / "q.csv").write_text("sql,account\nSELECT 1,acct_1\nSELECT 2,acct_2\n")

    said = forebay("submit", "q.csv")

    assert said.code == 4
    assert "1 of 2 accounts have no usable key (acct_2)" in said.err


def test_plan_says_which_and_how_many_more(spec: Path, deployed: redis.Redis, forebay: Forebay) -> None:
    said = forebay("plan", "close")

    assert said.code == 0
    assert "8 of 9 accounts have no usable key (acct_2, acct_3, acct_4, acct_5, acct_6 and 3 more)" in said.out
    assert forebay("plan", "--json").events[0]["without_key"] == [f"acct_{number}" for number in range(2, 10)]


def test_with_all_keys_nothing_is_said(
    all_but_two: Path, deployed: redis.Redis, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_acct_2", "rk_test_2")
    monkeypatch.setenv("KEY_acct_9", "rk_test_9")

    assert "each account is asked with its own key (secret://env/KEY_{account})" in forebay("plan", "close").out
    assert forebay("submit", "close").code == 0
