from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from forebay.config.connections import Connection
from forebay.config.errors import ConfigError
from forebay.config.same_key import check_keys_differ, digest_of
from forebay.config.secrets import HeldSecret, SecretRef
from forebay.config.stripe import Api, Mode


def connection(name: str = "acme", key: str = "rk_test_1", **given: Any) -> Connection:
    secret = HeldSecret(origin="a test", value=SecretStr(key))
    return Connection(**{"name": name, "mode": Mode.TEST, "secret": secret, "cap": 1} | given)


def test_a_digest_tells_keys_apart_and_holds_none_of_them():
    one, other = digest_of(connection()), digest_of(connection(key="rk_test_2"))
    assert one and other and one != other
    assert len(one) == 16
    assert digest_of(connection("of-another-name")) == one
    assert digest_of(connection(key="sk_org_1")) != digest_of(connection(key="sk_org_1", mode=Mode.LIVE))
    assert digest_of(connection(api_base="http://127.0.0.1:1")) != one


def test_what_has_no_key_of_its_own_has_no_digest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NOWHERE", raising=False)
    assert digest_of(connection(secret=SecretRef.parse("secret://env/NOWHERE"))) is None
    assert digest_of(connection(secret=SecretRef.parse("secret://env/KEY_{account}"))) is None


def test_two_connections_with_one_key_are_named_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ONE", "rk_test_same")
    (tmp_path / "two").write_text("rk_test_same\n")
    one = connection("one", secret=SecretRef.parse("secret://env/ONE"))
    two = connection("two", secret=SecretRef.parse("secret://file/two", folder=tmp_path))
    with pytest.raises(
        ConfigError, match=r"connections one and two have the same key.* use one of them for both"
    ) as error:
        check_keys_differ([two, connection("other"), one])
    assert "rk_test" not in str(error.value)


@pytest.mark.parametrize("reference", ["secret://env/NOWHERE", "secret://env/KEY_{account}"])
def test_one_reference_is_one_key_even_where_it_leads_nowhere_yet(reference: str):
    with pytest.raises(ConfigError, match="connections one and two"):
        check_keys_differ([connection(name, secret=SecretRef.parse(reference)) for name in ("one", "two")])


def test_one_organization_key_in_two_modes_is_two_caps():
    check_keys_differ([connection("test", "sk_org_1"), connection("live", "sk_org_1", mode=Mode.LIVE)])


def test_what_stripe_counts_apart_by_generation_may_have_one_key_if_both_say_so():
    one, two = connection("one", apart=True), connection("two", api=Api.DATA, apart=True)
    check_keys_differ([one, two])
    assert digest_of(one) != digest_of(two)

    for other in (connection("two", api=Api.DATA), connection("two", apart=True)):
        with pytest.raises(ConfigError, match="connections one and two have the same key"):
            check_keys_differ([connection("one", api=other.api if other.apart else Api.REPORTING), other])
    with pytest.raises(ConfigError, match="have the same key"):
        check_keys_differ([one, connection("two", apart=True)])
