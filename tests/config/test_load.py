from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forebay.config.connections import Budgets
from forebay.config.errors import ConfigError, SecretError, SpecError
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.config.stripe import API_VERSIONS, DOWNLOAD_HOSTS, Api, Mode, Scope

SPEC = """\
version: 1
connections:
  acme:
    mode: live
    key: secret://env/ACME_KEY
    lane: {scope: account, cap: 400, margin: 10}
    requests: {creates_per_s: 5}
    download_hosts: [.example.com]
  play:
    mode: test
    key: secret://file/play.key
    api_base: http://127.0.0.1:12111/
"""


@pytest.mark.parametrize(
    ("key", "mode", "told", "cap"),
    [
        ("rk_live_1", None, Mode.LIVE, 500),
        ("sk_test_1", None, Mode.TEST, 100),
        ("sk_org_1", "live", Mode.LIVE, 500),
        ("sk_org_1", "test", Mode.TEST, 100),
    ],
)
def test_a_key_alone_makes_the_default_connection(key: str, mode: Mode | None, told: Mode, cap: int) -> None:
    config = load_config(Settings(stripe_api_key=key, mode=mode))

    default = config.connection()
    assert (default.name, default.mode, default.cap, default.margin) == ("default", told, cap, 0)
    assert default.lane() == f"default:{told}"
    assert default.key().get_secret_value() == key
    assert default.budgets == Budgets()
    assert default.download_hosts == (*DOWNLOAD_HOSTS, "api.stripe.com")


def test_the_settings_shape_the_default_connection() -> None:
    settings = Settings(
        stripe_api_key="rk_test_1",
        cap=40,
        margin=4,
        creates_per_s=1,
        api_base="http://127.0.0.1:12111/",
        api_version="2026-07-29.preview",
        download_hosts=("files.example.com",),
    )

    default = load_config(settings).connection()

    assert (default.cap, default.margin, default.budgets.creates_per_s) == (40, 4, 1)
    assert default.api_base == "http://127.0.0.1:12111"
    assert default.version_of(Api.REPORTING) == "2026-07-29.preview"
    # The stand-in serves results from its own host.
    assert default.download_hosts == ("files.example.com", "127.0.0.1:12111")


@pytest.mark.parametrize(
    ("setting", "written", "api", "version"),
    [
        ({}, "", Api.REPORTING, "2026-04-22.preview"),
        ({"api": Api.DATA}, "", Api.DATA, "2026-10-28.preview"),
        ({"api_version": "2026-07-29.preview"}, "", Api.REPORTING, "2026-07-29.preview"),
        # The setting's version is of the setting's generation.
        ({"api_version": "2026-07-29.preview"}, "api: data", Api.DATA, "2026-10-28.preview"),
        ({"api": Api.DATA, "api_version": "2027-01-01.preview"}, "", Api.DATA, "2027-01-01.preview"),
        ({"api": Api.DATA}, "api: reporting", Api.REPORTING, "2026-04-22.preview"),
        ({}, "{api: data, api_version: 2027-02-03.fir}", Api.DATA, "2027-02-03.fir"),
    ],
)
def test_each_generation_has_a_version_of_its_own(
    tmp_path: Path, setting: dict[str, Any], written: str, api: Api, version: str
) -> None:
    spec = tmp_path / "forebay.yaml"
    keys = written.strip("{}") and f", {written.strip('{}')}"
    spec.write_text(f"version: 1\nconnections:\n  acme: {{mode: test, key: secret://env/KEY{keys}}}\n")

    acme = load_config(Settings(spec=spec, **setting)).connection()

    assert (acme.api, acme.version_of(acme.api)) == (api, version)
    other = acme.asked_by(next(each for each in Api if each is not api))
    of_setting = setting.get("api_version") if setting.get("api", Api.REPORTING) is other.api else None
    assert (other.lane(), other.version_of(other.api)) == (acme.lane(), of_setting or API_VERSIONS[other.api])
    assert other.asked_by(api) == acme, "there and back keeps its version"
    assert acme.asked_by(None) is acme.asked_by(api) is acme


def test_the_version_of_a_setting_is_that_of_its_generation_for_whoever_asks_by_it(tmp_path: Path) -> None:
    spec = tmp_path / "forebay.yaml"
    spec.write_text("version: 1\nconnections:\n  acme: {mode: test, key: secret://env/KEY, api: data}\n")
    acme = load_config(Settings(spec=spec, api_version="2026-07-29.preview")).connection()

    assert acme.version_of(Api.DATA) == "2026-10-28.preview"
    assert acme.asked_by(Api.REPORTING).version_of(Api.REPORTING) == "2026-07-29.preview"


def test_a_version_is_checked_for_its_form_alone() -> None:
    with pytest.raises(
        ConfigError, match="api_version 'latest' is no version of Stripe's API; they are written as 2026"
    ):
        load_config(Settings(stripe_api_key="rk_test_1", api_version="latest"))


def test_a_connection_that_is_counted_apart_takes_no_batch_of_the_other_generation() -> None:
    acme = replace(load_config(Settings(stripe_api_key="rk_test_1")).connection(), apart=True)
    with pytest.raises(ConfigError, match=r"connection default is for api reporting alone.*name one of api data"):
        acme.asked_by(Api.DATA)


@pytest.mark.parametrize(
    ("key", "mode", "said"),
    [
        ("sk_org_1", None, "set FOREBAY_MODE to live or test"),
        ("pk_live_1", None, "STRIPE_API_KEY holds a publishable key"),
        ("sk_live_1", Mode.TEST, "STRIPE_API_KEY holds a live key"),
    ],
)
def test_a_key_that_cannot_be_used_is_found_at_once(key: str, mode: Mode | None, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as raised:
        load_config(Settings(stripe_api_key=key, mode=mode))

    assert key not in str(raised.value)


@pytest.mark.parametrize(("key", "cap"), [("rk_live_1", 501), ("rk_test_1", 101)])
def test_a_cap_above_stripes_own_is_refused_with_stripes_figure(key: str, cap: int) -> None:
    with pytest.raises(ConfigError, match=f"between 1 and {cap - 1}.*FOREBAY_CAP"):
        load_config(Settings(stripe_api_key=key, cap=cap))


def test_without_a_key_the_rest_still_loads_and_the_first_use_says_what_to_set() -> None:
    config = load_config(Settings(output="out"))

    assert config.output == "out"
    assert not config.connections
    with pytest.raises(ConfigError, match=r"set STRIPE_API_KEY \(best a restricted one, rk_"):
        config.connection()


def test_with_a_mode_the_lanes_have_names_even_without_a_key() -> None:
    default = load_config(Settings(mode=Mode.LIVE)).connection()

    assert default.lane() == "default:live"
    with pytest.raises(SecretError, match="STRIPE_API_KEY is not set"):
        default.key()


def test_the_secrets_of_a_webhook_come_with_commas_and_are_those_of_the_default_connection() -> None:
    settings = Settings(mode=Mode.LIVE, webhook_secrets="whsec_the_old_one, whsec_the_new_one")

    secrets = load_config(settings).connection().signing_secrets()

    assert [secret.get_secret_value() for secret in secrets] == ["whsec_the_old_one", "whsec_the_new_one"]
    assert "whsec_" not in repr(settings) + repr(load_config(settings))


def test_without_secrets_there_is_no_webhook() -> None:
    assert load_config(Settings(mode=Mode.LIVE)).connection().signing_secrets() == ()


def test_what_is_no_secret_of_a_webhook_is_found_at_once() -> None:
    with pytest.raises(SecretError, match="FOREBAY_WEBHOOK_SECRETS holds no signing secret") as raised:
        load_config(Settings(mode=Mode.LIVE, webhook_secrets="whsec_the_old_one,rk_live_pasted_here"))

    assert "pasted" not in str(raised.value)


def test_a_connection_of_a_spec_has_the_secrets_that_it_refers_to_and_only_those(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SPEC.replace("api_base:", "webhook_secrets: [secret://env/OLD, secret://file/next]\n    api_base:")
    Path("forebay.yaml").write_text(text)
    config = load_config(Settings(webhook_secrets="whsec_of_no_spec"))
    play = config.connections["play"]

    assert config.connections["acme"].webhook_secrets == ()
    with pytest.raises(SecretError, match="secret://env/OLD"):
        play.signing_secrets()
    monkeypatch.setenv("OLD", "whsec_the_old_one")
    (tmp_path / "next").write_text("whsec_the_new_one\n")
    (tmp_path / "next").chmod(0o600)
    assert [secret.get_secret_value() for secret in play.signing_secrets()] == [
        "whsec_the_old_one",
        "whsec_the_new_one",
    ]
    monkeypatch.setenv("OLD", "sk_live_pasted_here")
    with pytest.raises(SecretError, match=r"^secret://env/OLD holds no signing secret"):
        play.signing_secrets()


@pytest.mark.parametrize("written", ["whsec_in_the_spec_itself", "secret://env/SECRET_{account}"])
def test_a_secret_of_a_webhook_is_written_as_a_reference_for_all_accounts(written: str) -> None:
    text = SPEC.replace("api_base:", f"webhook_secrets: ['{written}']\n    api_base:")
    Path("forebay.yaml").write_text(text)

    with pytest.raises(SpecError, match="line 12: ") as raised:
        load_config(Settings())

    assert "in_the_spec_itself" not in str(raised.value)


def test_a_spec_replaces_the_key_of_the_environment_and_falls_back_to_the_settings() -> None:
    Path("forebay.yaml").write_text(SPEC)

    config = load_config(Settings(stripe_api_key="sk_org_ignored", cap=300, margin=3, retrieves_per_s=7, output="out"))

    acme, play = config.connections["acme"], config.connections["play"]
    assert (acme.cap, acme.margin, acme.scope) == (400, 10, Scope.ACCOUNT)
    assert acme.budgets == Budgets(creates_per_s=5, retrieves_per_s=7, requests_per_s=20)
    assert acme.download_hosts == (".example.com", "api.stripe.com")
    # FOREBAY_CAP speaks to all connections, so it is no error that Stripe's figure for test mode is lower.
    assert (play.cap, play.margin) == (100, 3)
    assert play.api_base == "http://127.0.0.1:12111"
    assert config.output == "out"
    with pytest.raises(ConfigError, match=r"name a connection.*: acme, play"):
        config.connection()


def test_the_only_connection_of_a_spec_is_the_default_one() -> None:
    Path("forebay.yaml").write_text(SPEC[: SPEC.index("  play:")])

    assert load_config(Settings()).connection().name == "acme"


def test_the_specs_own_defaults_win() -> None:
    Path("forebay.yaml").write_text(f"{SPEC}defaults: {{connection: play, output: s3://bucket/x}}\n")

    config = load_config(Settings(output="out"))

    assert config.connection().name == "play"
    assert config.output == "s3://bucket/x"


def test_a_file_reference_counts_from_the_folder_of_the_spec(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "spec.yaml").write_text(SPEC)
    (folder / "play.key").write_text("sk_test_1\n")
    (folder / "play.key").chmod(0o600)

    config = load_config(Settings(spec=folder / "spec.yaml"))

    assert config.connection("play").key().get_secret_value() == "sk_test_1"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("cap: 400", "cap: 501", 3, "between 1 and 500"),
        ("margin: 10", "margin: 400", 3, "margin 400 leaves nothing"),
        ("http://127.0.0.1:12111/", "http://sandbox/", 9, "plain http"),
        ("  play:", "  pl ay:", 9, "name may hold only"),
    ],
)
def test_what_only_a_whole_connection_shows_has_its_line_too(old: str, new: str, line: int, said: str) -> None:
    Path("forebay.yaml").write_text(SPEC.replace(old, new))

    with pytest.raises(SpecError, match=f"line {line}: .*{said}"):
        load_config(Settings())


def test_a_spec_that_was_asked_for_must_exist() -> None:
    with pytest.raises(ConfigError, match=r"FOREBAY_SPEC names other\.yaml, which does not exist"):
        load_config(Settings(spec="other.yaml"))


def test_a_connection_speaks_the_api_that_it_names_or_else_the_settings() -> None:
    assert load_config(Settings(stripe_api_key="rk_test_1")).connection().api is Api.REPORTING

    Path("forebay.yaml").write_text(SPEC.replace("mode: test", "mode: test\n    api: reporting"))
    assert load_config(Settings()).connection("play").api is Api.REPORTING


@pytest.mark.parametrize("api_base", ["https://[::1", "nonsense"])
def test_a_setting_that_is_no_url_is_a_configuration_error(api_base: str) -> None:
    with pytest.raises(ConfigError, match="api_base"):
        load_config(Settings(stripe_api_key="rk_test_1", api_base=api_base))


def test_the_context_of_a_key_comes_from_its_setting_or_from_its_connection_in_the_spec() -> None:
    alone = load_config(Settings(stripe_api_key="rk_live_1", context="acct_1")).connection()
    Path("forebay.yaml").write_text(SPEC.replace("mode: live", "mode: live\n    context: acct_2"))
    config = load_config(Settings(context="acct_1"))

    assert alone.context(None) == "acct_1"
    assert config.connection("acme").context(None) == "acct_2"
    assert config.connection("play").context(None) is None, "of somebody else's key"


def test_a_context_that_is_no_account_has_its_line() -> None:
    Path("forebay.yaml").write_text(SPEC.replace("mode: live", "mode: live\n    context: acme"))

    with pytest.raises(SpecError, match=r"line 3.*'acme', is no account"):
        load_config(Settings())
