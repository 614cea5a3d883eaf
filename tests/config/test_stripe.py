from __future__ import annotations

import pytest
from pydantic import SecretStr

from forebay.config.errors import SecretError
from forebay.config.stripe import Mode, check_key, check_webhook_secret, mode_of


@pytest.mark.parametrize(
    ("key", "mode"),
    [
        ("sk_live_x", Mode.LIVE),
        ("rk_live_x", Mode.LIVE),
        ("sk_test_x", Mode.TEST),
        ("rk_test_x", Mode.TEST),
        ("sk_org_live_x", None),  # undocumented after sk_org, so not believed
        ("sk_org_test_x", None),
        ("oak_x", None),
        ("", None),
    ],
)
def test_the_prefix_tells_the_mode_or_nothing(key: str, mode: Mode | None) -> None:
    assert mode_of(SecretStr(key)) is mode


@pytest.mark.parametrize(
    ("key", "mode", "said"),
    [
        ("", None, "is empty"),
        ("pk_live_tell", None, "publishable key"),
        ("whsec_tell", None, "webhook signing secret"),
        ("sk_live_tell\nme", None, "line breaks"),
        ("sk_live_tell me", None, "blanks"),
        ("sk_live_tellé", None, "non-ASCII"),
        ("sk_live_tell", Mode.TEST, "a live key, but the connection's mode is test"),
        ("rk_test_tell", Mode.LIVE, "a test key, but the connection's mode is live"),
    ],
)
def test_an_unusable_key_is_refused_by_its_origin_alone(key: str, mode: Mode | None, said: str) -> None:
    with pytest.raises(SecretError) as raised:
        check_key(SecretStr(key), origin="secret://env/ACME", mode=mode)

    assert said in str(raised.value)
    assert "secret://env/ACME" in str(raised.value)
    assert "tell" not in str(raised.value)


@pytest.mark.parametrize("mode", [None, Mode.LIVE, Mode.TEST])
@pytest.mark.parametrize("key", ["sk_org_live_x", "a-kind-of-key-that-comes-later"])
def test_a_key_that_does_not_tell_its_mode_fits_any(key: str, mode: Mode | None) -> None:
    assert check_key(SecretStr(key), origin="here", mode=mode).get_secret_value() == key


@pytest.mark.parametrize(
    "value",
    ["", "whsec_", "whsec_short", "rk_live_1234567890", "whsec_12345678 ", "whsec_12345678\n", "whsec_übersicht"],
)
def test_what_is_no_signing_secret_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(SecretError, match=r"^FOREBAY_WEBHOOK_SECRETS holds no signing secret") as refusal:
        check_webhook_secret(SecretStr(value), origin="FOREBAY_WEBHOOK_SECRETS")

    assert len(value) < 7 or value not in str(refusal.value)


def test_a_signing_secret_is_taken_whole() -> None:
    secret = SecretStr("whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH")

    assert check_webhook_secret(secret, origin="a test") is secret
