"""Requests a second that we allow ourselves: never more than Stripe allows, and one rule for whoever sets them."""

import pytest

from forebay.config.connections import Budgets, Connection
from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.request_limits import too_many
from forebay.config.secrets import SecretRef
from forebay.config.settings import Settings
from forebay.config.stripe import API_BASE, Mode


@pytest.mark.parametrize(
    ("name", "mode", "most"),
    [
        ("creates", Mode.LIVE, 25),
        ("retrieves", Mode.TEST, 25),
        ("requests", Mode.LIVE, 100),
        ("requests", Mode.TEST, 25),
    ],
)
def test_what_stripe_allows_is_allowed_and_no_more(name: str, mode: Mode, most: int) -> None:
    assert too_many({name: most}, mode=mode, api_base=API_BASE) is None
    refusal = too_many({name: most + 0.1}, mode=mode, api_base=API_BASE)
    assert refusal is not None
    assert f"{most + 0.1:g} {name} a second are more than the {most} that Stripe allows" in refusal


def test_what_is_left_as_it_is_says_nothing() -> None:
    assert too_many({"creates": None}, mode=Mode.LIVE, api_base=API_BASE) is None


def test_a_stand_in_on_this_machine_has_limits_of_its_own() -> None:
    assert too_many({"creates": 1000}, mode=Mode.TEST, api_base="http://127.0.0.1:8181") is None


def test_a_setting_past_them_is_refused(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOREBAY_CREATES_PER_S", "60")
    monkeypatch.setenv("STRIPE_API_KEY", "rk_test_1")
    with pytest.raises(ConfigError, match="60 creates a second are more than the 25"):
        load_config(Settings())


def test_a_connection_past_them_is_refused() -> None:
    key = SecretRef.parse("secret://env/KEY")
    with pytest.raises(ConfigError, match="connection acme: 26 retrieves a second"):
        Connection(name="acme", mode=Mode.LIVE, secret=key, cap=1, budgets=Budgets(retrieves_per_s=26))
