from __future__ import annotations

from pathlib import Path

import pytest

from forebay.config.document.load_spec import MOST_BYTES, load_spec
from forebay.config.errors import ConfigError, SpecError
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.config.standing import FlowClass, Standing
from forebay.config.stripe import Scope

GOOD = """\
version: 1
connections:
  acme:
    mode: live
    key: secret://env/ACME_KEY
    api_base: https://api.stripe.com
    api_version: 2026-07-29.preview
    lane: {scope: account, cap: 400, margin: 10}
    requests:
      creates_per_s: 5
      retrieves_per_s: 6.5
      per_s: 11
    download_hosts: [.example.com]
  play:
    mode: test
    key: secret://file/play.key
defaults:
  output: s3://acme-finance/stripe
  connection: acme
"""


def write(text: str) -> Path:
    path = Path("forebay.yaml")
    path.write_text(text, "utf-8")
    return path


def test_a_whole_spec_is_read() -> None:
    spec = load_spec(write(GOOD)).spec

    assert list(spec.connections) == ["acme", "play"]
    acme = spec.connections["acme"]
    assert (acme.lane.scope, acme.lane.cap, acme.lane.margin) == (Scope.ACCOUNT, 400, 10)
    assert acme.api_version == "2026-07-29.preview"
    assert acme.requests.retrieves_per_s == 6.5
    assert spec.connections["play"].lane.scope is Scope.ORGANIZATION
    assert spec.defaults.connection == "acme"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("api_version:", "api: queries #", 7, "connections.acme.api: should be 'reporting' or 'data'"),
        ("api_version:", "api: reprting #", 7, "should be 'reporting' or 'data', did you mean 'reporting'?"),
        (
            "  connection: acme",
            "  format: orc",
            19,
            "defaults.format: should be 'auto', 'csv', 'zip', 'csv.gz', 'csv.zst' or 'parquet'",
        ),
        (
            "  connection: acme",
            "  format: zpi",
            19,
            "should be 'auto', 'csv', 'zip', 'csv.gz', 'csv.zst' or 'parquet', did you mean 'zip'?",
        ),
        ("connections:", "conections:", 2, "unknown key 'conections', did you mean 'connections'?"),
        ("    mode: live", "    mood: live", 4, "unknown key 'mood', did you mean 'mode'?"),
        ("creates_per_s: 5", "creates_per_sec: 5", 10, "did you mean 'creates_per_s'?"),
        (
            "{scope: account",
            "{zebra: account",
            8,
            "unknown key 'zebra' (known here: scope, cap, margin, reserve, apart)",
        ),
        ("mode: live", "mode: on", 4, "connections.acme.mode: should be 'live' or 'test'"),
        ("mode: live", "mode: true", 4, "connections.acme.mode: should be 'live' or 'test'"),
        ("cap: 400", 'cap: "400"', 8, "acme.lane.cap: must be a whole number: take its quotes off"),
        ("cap: 400", "cap: true", 8, "connections.acme.lane.cap: must be a whole number"),
        ("cap: 400", "cap: 4.5", 8, "connections.acme.lane.cap: must be a whole number"),
        ("creates_per_s: 5", "creates_per_s: '5'", 10, "creates_per_s: must be a number: take its quotes off"),
        ("mode: live", "mode: livw", 4, "connections.acme.mode: should be 'live' or 'test', did you mean 'live'?"),
        ("version: 1", "version: one", 1, "version: should be 1"),
        ("cap: 400", "cap: 0", 8, "greater than or equal to 1"),
        ("per_s: 11", "per_s: 0", 12, "connections.acme.requests.per_s: should be greater than 0"),
        ("[.example.com]", ".example.com", 13, "connections.acme.download_hosts: must be a list, as in [a, b]"),
        ("[.example.com]", "[1]", 13, "connections.acme.download_hosts.0: must be text: put it in quotes"),
        ("    mode: test\n", "", 14, "the key 'connections.play.mode' is missing"),
        ("version: 1\n", "", 1, "the key 'version' is missing (write 'version: 1')"),
        ("version: 1", "version: 2", 1, "version: should be 1"),
        ("connection: acme", "connection: acne", 19, "there is no connection 'acne', did you mean 'acme'?"),
        ("secret://env/ACME_KEY", "ACME_KEY", 5, "a key must be a reference: secret://env/NAME"),
        ("secret://env/ACME_KEY", "secret://vault/x", 5, "a key must be a reference"),
        ("  play:", "  acme:", 14, "the key 'acme' stands here a second time; first on line 3"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, line: int, said: str) -> None:
    assert old in GOOD
    with pytest.raises(SpecError) as raised:
        load_spec(write(GOOD.replace(old, new, 1)))

    assert said in raised.value.problems[0].text
    assert raised.value.problems[0].line == line
    assert f"forebay.yaml, line {line}: " in str(raised.value)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    with pytest.raises(SpecError) as raised:
        load_spec(write(GOOD.replace("mode: test", "mode: tset").replace("cap: 400", "cap: x")))

    assert [problem.line for problem in raised.value.problems] == [8, 15]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "version: 1\n", "version: 1\nconnections: {}\n", "- a\n", "x"])
def test_a_spec_without_connections_is_an_error(text: str) -> None:
    with pytest.raises(SpecError):
        load_spec(write(text))


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("    key: sk_live_51Habcdefgh", "51Habcdefgh"),
        ("    key: 'rk_test_51Habcdefgh'", "51Habcdefgh"),
        ("    key: sk_org_live_abcdefgh", "abcdefgh"),
        ("    key: sk_oldstyle1", "oldstyle1"),
        ("    webhook: whsec_abcdefgh", "abcdefgh"),
        ("    - rk_live_51Habcdefgh", "51Habcdefgh"),
        ("    # key: sk_live_51Habcdefgh", "51Habcdefgh"),
        ("    sk_live_51Habcdefgh: 1", "51Habcdefgh"),
        ("    key: secret://env/sk_live_51Habcdefgh", "51Habcdefgh"),
        ("\t broken: [ sk_live_51Habcdefgh", "51Habcdefgh"),
    ],
)
def test_a_key_in_the_open_is_refused_and_not_repeated(line: str, secret: str) -> None:
    with pytest.raises(SpecError) as raised:
        load_spec(write(f"version: 1\nconnections:\n  a:\n{line}\n"))

    assert raised.value.problems[0].line == 4
    assert "secret://env/NAME" in str(raised.value)
    assert secret not in repr(raised.value) + str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    "text", ["# never write sk_live_… here", "#  where rk_id = task_live_sku_test_id", "# ask_me: x"]
)
def test_words_that_only_resemble_a_key_are_let_through(text: str) -> None:
    load_spec(write(f"{GOOD}{text}\n"))


def test_a_value_that_was_refused_is_never_echoed() -> None:
    with pytest.raises(SpecError) as raised:
        load_spec(write(GOOD.replace("secret://env/ACME_KEY", "a-secret-of-another-kind")))

    assert "another-kind" not in str(raised.value)


def test_a_file_that_is_no_text_is_an_error() -> None:
    Path("forebay.yaml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match="not UTF-8"):
        load_spec(Path("forebay.yaml"))


def test_a_spec_of_many_megabytes_is_refused_before_it_is_read() -> None:
    Path("forebay.yaml").write_bytes(b"#" * (MOST_BYTES + 1))

    with pytest.raises(ConfigError, match="1,000,001 bytes, more than the 1,000,000 that are read; keep SQL and long"):
        load_spec(Path("forebay.yaml"))


def test_a_second_document_is_named_by_its_line() -> None:
    with pytest.raises(SpecError, match="a second document begins here") as raised:
        load_spec(write("version: 1\n---\nversion: 1\n"))

    assert raised.value.problems[0].line == 2


def test_a_folder_is_an_error() -> None:
    Path("forebay.yaml").mkdir()

    with pytest.raises(ConfigError, match="cannot be read"):
        load_spec(Path("forebay.yaml"))


def test_classes_and_reserves_are_read(tmp_path: Path) -> None:
    path = tmp_path / "forebay.yaml"
    path.write_text(
        "version: 1\n"
        "connections:\n"
        "  a: {mode: test, key: secret://env/A, lane: {reserve: {interactive: 3, scheduled: 2}}}\n"
        "defaults: {class: backfill, weight: 2.5, ceiling: 7}\n"
    )

    config = load_config(Settings(_env_file=None, spec=path))

    assert config.standing == Standing(flow_class=FlowClass.BACKFILL, weight=2.5, ceiling=7)
    assert (config.connection().reserve_interactive, config.connection().reserve_scheduled) == (3, 2)


def test_reserves_that_leave_nothing_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "forebay.yaml"
    path.write_text(
        "version: 1\nconnections:\n  a: {mode: test, key: secret://env/A, lane: {reserve: {interactive: 100}}}\n"
    )

    with pytest.raises(ConfigError, match="leave lower classes nothing"):
        load_config(Settings(_env_file=None, spec=path))
