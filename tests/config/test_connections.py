from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from forebay.config.connections import Config, Connection, check_account
from forebay.config.errors import ConfigError, SecretError
from forebay.config.secrets import HeldSecret, SecretRef
from forebay.config.stripe import Mode, Scope

ACCOUNTS = st.from_regex(r"acct_[A-Za-z0-9]{1,8}(/acct_[A-Za-z0-9]{1,8})?", fullmatch=True)


def connection(**given: Any) -> Connection:
    secret = HeldSecret(origin="STRIPE_API_KEY", value=SecretStr("sk_live_shh"))
    return Connection(**{"name": "acme", "mode": Mode.LIVE, "secret": secret, "cap": 500} | given)


@pytest.mark.parametrize(
    ("scope", "account", "lane"),
    [
        (Scope.ORGANIZATION, None, "acme:live"),
        (Scope.ORGANIZATION, "acct_1", "acme:live"),
        (Scope.KEY, None, "acme:live"),
        (Scope.KEY, "acct_1", "acme:live"),
        (Scope.ACCOUNT, None, "acme:live"),
        (Scope.ACCOUNT, "acct_1", "acme:live:acct_1"),
        (Scope.ACCOUNT, "acct_1/acct_2", "acme:live:acct_1.acct_2"),
    ],
)
def test_the_lane_is_the_scope_of_the_cap(scope: Scope, account: str | None, lane: str) -> None:
    assert connection(scope=scope).lane(account) == lane


@given(ACCOUNTS, ACCOUNTS)
def test_no_two_accounts_share_a_lane_and_every_name_is_plain(one: str, other: str) -> None:
    acme = connection(scope=Scope.ACCOUNT)

    assert (acme.lane(one) == acme.lane(other)) == (one == other)
    assert re.fullmatch(r"[A-Za-z0-9_.:-]+", acme.lane(one))


@pytest.mark.parametrize("account", ["", "/", "acct_1/", "acct 1", "acct_1\n", "acct_1:x", "acct_1.acct_2", "é"])
@pytest.mark.parametrize("scope", Scope)
def test_what_is_no_account_has_no_lane(scope: Scope, account: str) -> None:
    with pytest.raises(ConfigError, match="acct_"):
        connection(scope=scope).lane(account)
    with pytest.raises(ConfigError, match="acct_"):
        check_account(account)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cap": 501}, "between 1 and 500, which is what Stripe allows in live mode"),
        ({"cap": 101, "mode": Mode.TEST}, "between 1 and 100, which is what Stripe allows in test mode"),
        ({"cap": 0}, "between 1 and 500"),
        ({"cap": 10, "margin": 10}, "margin 10 leaves nothing of the cap 10"),
        ({"margin": -1}, "margin"),
        ({"name": "a:b"}, "name may hold only"),
        ({"name": ""}, "name may hold only"),
        ({"name": "acme\n"}, "name may hold only"),
        ({"api_base": "http://api.stripe.com"}, "plain http"),
    ],
)
def test_an_impossible_connection_cannot_be_made(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        connection(**given)


def test_a_connection_is_made_and_named_without_its_key() -> None:
    acme = connection(secret=SecretRef.parse("secret://env/FOREBAY_TEST_ABSENT"))

    assert acme.lane() == "acme:live"
    with pytest.raises(SecretError, match="FOREBAY_TEST_ABSENT is not set"):
        acme.key()


def test_a_key_of_the_other_mode_is_refused_at_use() -> None:
    with pytest.raises(SecretError, match="a live key, but the connection's mode is test"):
        connection(mode=Mode.TEST, cap=100).key()


def test_the_key_is_in_no_repr() -> None:
    acme = connection()

    assert acme.key().get_secret_value() == "sk_live_shh"
    assert "shh" not in f"{acme!r}{acme}{Config(connections={'acme': acme})!r}"


def test_the_default_connection_is_found_and_others_by_name() -> None:
    one, two = connection(name="one"), connection(name="two")
    config = Config(connections={"one": one, "two": two}, default_connection="one")

    assert config.connection() is one
    assert config.connection("two") is two


@pytest.mark.parametrize(
    ("config", "name", "said"),
    [
        (Config(), None, "set STRIPE_API_KEY .best a restricted one, rk_"),
        (Config(), "acme", "set STRIPE_API_KEY"),
        (Config(connections={"a": connection(), "b": connection()}), None, "name a connection.*: a, b"),
        (Config(connections={"a": connection()}), "x", "no connection 'x'; the spec has a"),
    ],
)
def test_a_connection_that_is_not_there_is_an_error_with_the_way_out(config: Config, name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config.connection(name)


def per_account(**given: Any) -> Connection:
    return connection(secret=SecretRef.parse("secret://env/KEY_{account}"), **given)


def test_a_key_for_each_account_is_chosen_by_the_account_and_needs_no_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_acct_1", "sk_live_one")
    monkeypatch.setenv("KEY_acct_2", "sk_test_of_the_other_mode")
    acme = per_account()

    assert acme.key("acct_1").get_secret_value() == "sk_live_one"
    assert acme.context("acct_1") is None
    with pytest.raises(SecretError, match="secret://env/KEY_acct_2 holds a test key"):
        acme.key("acct_2")


@pytest.mark.parametrize("scope", Scope)
def test_each_key_of_an_account_is_a_lane_of_its_own_whatever_the_scope_says(scope: Scope) -> None:
    assert per_account(scope=scope).lane("acct_1/acct_2") == "acme:live:acct_1.acct_2"


def test_without_an_account_there_is_no_key_and_no_lane_to_choose() -> None:
    for ask in (lambda: per_account().key(), lambda: per_account().lane()):
        with pytest.raises(ConfigError, match=r"connection acme has a key for each account .*no account is named"):
            ask()
    with pytest.raises(ConfigError, match="acct_"):
        per_account().key("../acct_1")


def test_one_key_for_all_accounts_needs_the_context() -> None:
    acme = connection()

    assert acme.key("acct_1").get_secret_value() == "sk_live_shh"
    assert (acme.context("acct_1"), acme.context(None)) == ("acct_1", None)


def test_a_connection_may_have_a_context_for_what_names_no_account() -> None:
    acme = connection(own_context="acct_1")

    assert (acme.context(None), acme.context("acct_2")) == ("acct_1", "acct_2")
    assert acme.lane(None) == "acme:live", "whose key it is decides what its cap is for"


def test_a_key_for_each_account_may_need_the_context_of_that_account(monkeypatch: pytest.MonkeyPatch) -> None:
    acme = per_account(own_context="account")

    assert acme.context("acct_1") == "acct_1"
    with pytest.raises(ConfigError, match="no account is named"):
        acme.context(None)


@pytest.mark.parametrize(
    ("made", "own_context", "said"),
    [
        (connection, "account", "'account', is no account"),
        (connection, "acct_1\n", "is no account"),
        (per_account, "acct_1", "with a key for each account its context is 'account'"),
    ],
)
def test_a_context_that_cannot_be_meant_is_refused(
    made: Callable[..., Connection], own_context: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        made(own_context=own_context)


def test_an_organizations_key_names_accounts_and_has_no_context_of_its_own() -> None:
    organization = HeldSecret(origin="ORG_KEY", value=SecretStr("sk_org_live_shh"))
    acme = connection(secret=organization, own_context="acct_1")

    with pytest.raises(ConfigError, match="ORG_KEY holds an organization's") as refused:
        acme.key()
    assert "shh" not in str(refused.value)
