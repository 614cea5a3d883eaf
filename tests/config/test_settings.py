from __future__ import annotations

from pathlib import Path

import pytest

from forebay.config.errors import ConfigError
from forebay.config.settings import Settings

REDIS_PASSWORD = "hunter2-in-the-url"


def test_everything_has_a_default_so_that_a_first_run_needs_no_settings() -> None:
    settings = Settings()

    assert settings.redis_url is None
    assert settings.broker_url is None
    assert settings.stripe_api_key is None
    assert settings.ledger == ".forebay/ledger"
    assert settings.download_hosts == ("stripeusercontent.com", ".stripeusercontent.com", "files.stripe.com")
    # The promise of politeness: well under Stripe's 25/s an operation and 25/s in a sandbox.
    assert (settings.creates_per_s, settings.retrieves_per_s, settings.requests_per_s) == (10, 10, 20)


def test_arguments_beat_the_environment_which_beats_dotenv(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("FOREBAY_MARGIN=1\nFOREBAY_CAP=11\nFOREBAY_OUTPUT=from-file\nOTHER=ignored\n")
    monkeypatch.setenv("FOREBAY_CAP", "22")
    monkeypatch.setenv("FOREBAY_OUTPUT", "from-environment")

    settings = Settings(output="from-argument")

    assert (settings.margin, settings.cap, settings.output) == (1, 22, "from-argument")


def test_the_key_keeps_the_name_that_people_already_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "rk_test_1")

    key = Settings().stripe_api_key

    assert key is not None
    assert key.get_secret_value() == "rk_test_1"


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREBAY_DOWNLOAD_HOSTS", "files.example.com, .example.org,")

    assert Settings().download_hosts == ("files.example.com", ".example.org")


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREBAY_CAP", "")
    monkeypatch.setenv("STRIPE_API_KEY", "")

    assert Settings().cap is None
    assert Settings().stripe_api_key is None


def test_a_variable_that_the_environment_empties_is_not_read_from_dotenv(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("STRIPE_API_KEY=rk_live_of_the_folder\nFOREBAY_CAP=11\nFOREBAY_MARGIN=2\n")
    monkeypatch.setenv("STRIPE_API_KEY", "")
    monkeypatch.setenv("forebay_cap", "")

    settings = Settings()

    assert (settings.stripe_api_key, settings.cap, settings.margin) == (None, None, 2)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("FOREBAY_CAPP", "FOREBAY_CAP"),
        ("FOREBAY_REDIS_ULR", "FOREBAY_REDIS_URL"),
        ("forebay_datadir", "FOREBAY_DATA_DIR"),
        ("FOREBAY_S3_ENDPOINT_URL", "FOREBAY_S3_ENDPOINT"),
    ],
)
@pytest.mark.parametrize("place", ["environment", ".env"])
def test_a_setting_that_is_misspelt_is_refused(
    name: str, meant: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == ".env":
        Path(".env").write_text(f"{name}=5\n")
    else:
        monkeypatch.setenv(name, "5")

    with pytest.raises(ConfigError, match=f"{name.upper()} is no setting, did you mean {meant}\\?"):
        Settings()


@pytest.mark.parametrize(
    "name", ["FOREBAY_PORT", "FOREBAY_SERVICE_HOST", "FOREBAY_PORT_80_TCP", "FOREBAY_DEBUG", "CAPP"]
)
def test_what_others_put_into_the_environment_is_let_be(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "5")

    Settings()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("FOREBAY_FORMAT", "orc", "FOREBAY_FORMAT should be 'auto', 'csv', 'zip', 'csv.gz', 'csv.zst' or 'parquet'"),
        ("FOREBAY_API", "queries", "FOREBAY_API should be 'reporting' or 'data'"),
        ("FOREBAY_CAP", "many", "valid integer"),
        ("FOREBAY_CAP", "0", "greater than or equal to 1"),
        ("FOREBAY_MARGIN", "-1", "greater than or equal to 0"),
        ("FOREBAY_MODE", "production", "'live' or 'test'"),
        ("FOREBAY_CREATES_PER_S", "0", "greater than 0"),
        ("FOREBAY_REQUESTS_PER_S", "inf", "finite"),
        ("FOREBAY_REDIS_URL", f"http://:{REDIS_PASSWORD}@host", "redis://"),
        ("FOREBAY_BROKER_URL", REDIS_PASSWORD, "redis://"),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(ConfigError) as raised:
        Settings()

    assert str(raised.value).startswith(f"{variable} ")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert REDIS_PASSWORD not in repr(raised.value)
    # A chained pydantic error would carry the inputs into every traceback.
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_two_bad_values_are_two_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREBAY_CAP", "x")
    monkeypatch.setenv("FOREBAY_MARGIN", "x")

    with pytest.raises(ConfigError) as raised:
        Settings()

    assert [line.split()[0] for line in str(raised.value).splitlines()] == ["FOREBAY_CAP", "FOREBAY_MARGIN"]


def test_a_dotenv_that_is_no_text_is_an_error_without_its_content() -> None:
    Path(".env").write_bytes(b"STRIPE_API_KEY=sk_test_secret\xff\n")

    with pytest.raises(ConfigError, match=r"\.env cannot be read") as raised:
        Settings()

    assert raised.value.__cause__ is None


def test_no_secret_is_in_the_repr() -> None:
    settings = Settings(redis_url=f"redis://:{REDIS_PASSWORD}@host/0", stripe_api_key="sk_test_secret")

    assert REDIS_PASSWORD not in f"{settings!r}{settings}"
    assert "sk_test_secret" not in f"{settings!r}{settings}"


def test_a_broken_dot_env_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    Path(".env").write_text('FOREBAY_OUTPUT="out\n')

    with pytest.raises(ConfigError, match="line 1"):
        Settings()

    assert caplog.messages == []
