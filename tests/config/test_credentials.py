"""What systemd hands to a service: a file stands for the variable that it is called, below environment and `.env`."""

from __future__ import annotations

from pathlib import Path

import pytest

from forebay.config.errors import ConfigError, SecretError
from forebay.config.secrets import SecretRef
from forebay.config.settings import Settings


@pytest.fixture
def handed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "handed"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


def test_each_setting_may_be_a_credential(handed: Path) -> None:
    (handed / "STRIPE_API_KEY").write_text("rk_test_of_systemd\n")
    (handed / "FOREBAY_REDIS_URL").write_text("redis://:hunter2@r.example.com/0\n")
    (handed / "FOREBAY_WEBHOOK_SECRETS").write_text("whsec_1,whsec_2\n")

    settings = Settings()

    assert settings.stripe_api_key and settings.stripe_api_key.get_secret_value() == "rk_test_of_systemd"
    assert settings.redis_url and settings.redis_url.get_secret_value() == "redis://:hunter2@r.example.com/0"
    assert [secret.get_secret_value() for secret in settings.webhook_secrets] == ["whsec_1", "whsec_2"]


def test_environment_and_dotenv_go_before_it_even_empty(handed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FOREBAY_CAP", "FOREBAY_MARGIN", "FOREBAY_OUTPUT"):
        (handed / name).write_text("7")
    Path(".env").write_text("FOREBAY_CAP=6\n")
    monkeypatch.setenv("FOREBAY_MARGIN", "")

    settings = Settings()

    assert (settings.cap, settings.margin, settings.output) == (6, 0, "7")


def test_one_that_is_a_setting_but_for_a_slip_is_refused(handed: Path) -> None:
    (handed / "FOREBAY_REDIS_ULR").write_text("redis://r.example.com/0")
    with pytest.raises(ConfigError, match="FOREBAY_REDIS_ULR is no setting, did you mean FOREBAY_REDIS_URL"):
        Settings()


def test_a_bad_one_is_refused_without_its_value(handed: Path) -> None:
    (handed / "FOREBAY_REDIS_URL").write_text("http://:hunter2@r.example.com")
    with pytest.raises(ConfigError, match="FOREBAY_REDIS_URL") as refused:
        Settings()
    assert "hunter2" not in str(refused.value)


def test_a_reference_of_the_spec_finds_it_and_sees_it_change(handed: Path) -> None:
    reference = SecretRef.parse("secret://env/ACME_KEY")
    with pytest.raises(SecretError, match="ACME_KEY is not set"):
        reference.resolve()

    for key in ("rk_test_1", "rk_test_2"):
        (handed / "ACME_KEY").write_text(f"{key}\n")
        assert reference.resolve().get_secret_value() == key


def test_one_that_is_no_text_is_refused_in_one_sentence(handed: Path) -> None:
    (handed / "ACME_KEY").write_bytes(b"\xff\xfe\x00k")
    with pytest.raises(ConfigError) as refused:
        SecretRef.parse("secret://env/ACME_KEY").resolve()
    assert str(refused.value) == "the credential ACME_KEY cannot be read: it is not UTF-8 text"


def test_a_folder_that_is_not_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "gone"))
    assert Settings().stripe_api_key is None
