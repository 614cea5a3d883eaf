"""Settings and durations, as values."""

import random
import statistics
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from forebay.sandbox.executing.run_times import Fixed, Lognormal, parse_duration
from forebay.sandbox.sandbox_settings import FIXED_AT_START, SandboxSettings


def test_every_setting_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_CAP", "7")
    monkeypatch.setenv("SANDBOX_ACCEPTED_VERSIONS", "a.preview, b.preview")
    monkeypatch.setenv("SANDBOX_NO_ACCESS", "acct_sandbox0002,acct_sandbox0003")
    monkeypatch.setenv("SANDBOX_FAULTS", '[{"name": "slow", "delay_s": 2}]')
    settings = SandboxSettings()
    assert (settings.cap, settings.accepted_versions) == (7, ["a.preview", "b.preview"])
    assert settings.no_access == ["acct_sandbox0002", "acct_sandbox0003"]
    assert settings.faults[0].delay_s == 2


def test_a_moment_without_a_zone_is_utc() -> None:
    assert SandboxSettings(data_until=datetime(2026, 1, 2)).data_until == datetime(2026, 1, 2, tzinfo=UTC)  # noqa: DTZ001


def test_the_data_is_loaded_when_it_ends_unless_told_otherwise() -> None:
    until, earlier = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    assert SandboxSettings(data_until=until).data_load_time == until
    assert SandboxSettings(data_until=until, data_load_time=earlier).data_load_time == earlier


def test_a_delay_of_events_is_a_duration_or_seconds() -> None:
    for given, meant in {1.5: "fixed:1.5", "0": "fixed:0", "lognormal:1,0.5": "lognormal:1,0.5"}.items():
        assert SandboxSettings.model_validate({"event_delay": given}).event_delay == meant


def test_each_sandbox_makes_up_a_secret_of_its_own_and_shows_none() -> None:
    one, other = SandboxSettings(), SandboxSettings(webhook_secrets=["whsec_a", "whsec_b"])  # type: ignore[list-item]
    assert one.webhook_secrets != SandboxSettings().webhook_secrets
    assert [secret.get_secret_value() for secret in other.webhook_secrets] == ["whsec_a", "whsec_b"]
    assert "whsec" not in f"{one!r}{other!r}{other.model_dump_json()}"


def test_what_is_fixed_at_start_are_settings() -> None:
    assert set(SandboxSettings.model_fields) >= FIXED_AT_START


def test_every_setting_says_why_it_is_there() -> None:
    assert [
        name for name, field in SandboxSettings.model_fields.items() if name != "port" and not field.description
    ] == []


def test_durations_are_read() -> None:
    assert parse_duration("fixed:0.5") == Fixed(seconds=0.5)
    assert parse_duration("lognormal:20,0.6") == Lognormal(mean_s=20, sigma=0.6)


@pytest.mark.parametrize("text", ["", "0.5", "fixed:", "fixed:-1", "fixed:1,2", "lognormal:20", "lognormal:0,1", "x:1"])
def test_a_duration_that_is_none_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(ValidationError, match="fixed:SECONDS or lognormal:MEAN_SECONDS,SIGMA"):
        SandboxSettings(duration=text)


def test_the_mean_of_a_lognormal_is_the_mean_that_was_asked_for() -> None:
    dice = random.Random(1)
    drawn = [Lognormal(mean_s=20, sigma=0.6).draw(dice) for _ in range(20_000)]
    assert statistics.mean(drawn) == pytest.approx(20, rel=0.03)
