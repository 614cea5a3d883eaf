from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from forebay.config.errors import SecretError
from forebay.config.secrets import HeldSecret, SecretRef


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "stripe.key"
    path.write_text("rk_test_in_a_file\n")
    path.chmod(0o600)
    return path


def test_a_variable_of_the_environment_is_resolved_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    reference = SecretRef.parse("secret://env/ACME_KEY")

    monkeypatch.setenv("ACME_KEY", "rk_test_1")
    assert reference.resolve().get_secret_value() == "rk_test_1"

    monkeypatch.setenv("ACME_KEY", "rk_test_2")
    assert reference.resolve().get_secret_value() == "rk_test_2"


def test_dotenv_stands_in_for_the_environment_here_as_in_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("ACME_KEY=rk_test_of_dotenv\n")
    reference = SecretRef.parse("secret://env/ACME_KEY")
    assert reference.resolve().get_secret_value() == "rk_test_of_dotenv"

    monkeypatch.setenv("ACME_KEY", "rk_test_of_environment")
    assert reference.resolve().get_secret_value() == "rk_test_of_environment"


def test_a_file_is_read_without_its_line_break(key_file: Path) -> None:
    reference = SecretRef.parse(f"secret://file/{key_file}")

    assert reference.resolve().get_secret_value() == "rk_test_in_a_file"


def test_a_relative_file_counts_from_the_folder_of_the_spec(key_file: Path) -> None:
    reference = SecretRef.parse("secret://file/stripe.key", folder=key_file.parent)

    assert reference.resolve().get_secret_value() == "rk_test_in_a_file"


def test_a_file_that_everybody_can_read_is_warned_of_once(key_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    key_file.chmod(0o644)
    reference = SecretRef.parse(f"secret://file/{key_file}")

    with caplog.at_level(logging.WARNING):
        reference.resolve()
        reference.resolve()

    (record,) = caplog.records
    assert record.__dict__["event"] == "secret_file_world_readable"
    assert "chmod 600" in record.getMessage()
    assert "rk_test_in_a_file" not in caplog.text


def test_a_private_file_is_not_warned_of(key_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    SecretRef.parse(f"secret://file/{key_file}").resolve()

    assert not caplog.records


@pytest.mark.parametrize(
    "text",
    ["", "ACME_KEY", "sk_live_123456789", "secret://", "secret://env", "secret://env/", "secret://vault/x", "env/NAME"],
)
def test_what_is_no_reference_is_refused_without_an_echo(text: str) -> None:
    with pytest.raises(SecretError, match="secret://env/NAME or secret://file/PATH") as raised:
        SecretRef.parse(text)

    assert "123456789" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("secret://env/ABSENT", "the variable ABSENT is not set"),
        ("secret://env/BLANK", "is empty"),
        ("secret://file/absent.key", "No such file or directory"),
        ("secret://file/absent.key", "two slashes"),
        ("secret://file/empty.key", "is empty"),
        ("secret://file/binary.key", "not a text file"),
        ("secret://file/.", "cannot be read"),
        ("secret://file/~nobody-at-all/key", "~nobody-at-all is no user whose home is known here"),
    ],
)
def test_what_leads_nowhere_is_an_error_that_names_the_place(
    monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setenv("BLANK", "  ")
    Path("empty.key").write_text("\n")
    Path("binary.key").write_bytes(b"\xff\xfe")

    with pytest.raises(SecretError) as raised:
        SecretRef.parse(text).resolve()

    assert said in str(raised.value)
    assert str(raised.value).startswith(text)


def test_a_secret_in_hand_shows_its_origin_only() -> None:
    held = HeldSecret(origin="STRIPE_API_KEY", value=SecretStr("sk_test_shh"))

    assert str(held) == "STRIPE_API_KEY"
    assert "shh" not in repr(held)
    assert held.resolve().get_secret_value() == "sk_test_shh"


def test_a_reference_with_an_account_in_it_leads_to_a_key_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keys").mkdir()
    for account in ("acct_1", "acct_1.acct_2"):
        (tmp_path / "keys" / account).write_text(f"rk_test_{account}")
    monkeypatch.setenv("KEY_acct_1", "rk_test_env")
    files = SecretRef.parse("secret://file/keys/{account}", folder=tmp_path)

    assert files.per_account
    assert files.of("acct_1").resolve().get_secret_value() == "rk_test_acct_1"
    assert files.of("acct_1/acct_2").resolve().get_secret_value() == "rk_test_acct_1.acct_2"
    assert SecretRef.parse("secret://env/KEY_{account}").of("acct_1").resolve().get_secret_value() == "rk_test_env"
    with pytest.raises(SecretError, match=r"secret://file/keys/acct_9: .* cannot be read"):
        files.of("acct_9").resolve()


def test_a_reference_without_an_account_in_it_is_the_same_for_all() -> None:
    reference = SecretRef.parse("secret://env/KEY")

    assert not reference.per_account
    assert reference.of("acct_1") == reference


@pytest.mark.parametrize("target", ["KEY_{acount}", "KEY_{account", "{ account }"])
def test_a_misspelt_placeholder_is_refused(target: str) -> None:
    with pytest.raises(SecretError, match=r"\{account\}"):
        SecretRef.parse(f"secret://env/{target}")
