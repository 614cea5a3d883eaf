"""`doctor --record`: what it announces, that it asks, and the report that it leaves."""

import json
from pathlib import Path

import httpx
import pytest
import redis

from tests.cli.conftest import Forebay
from tests.cli.worker import LANE

KEY = "rk_test_sandbox"


@pytest.fixture
def deployed_sandbox(stripe_url: str, valkey: redis.Redis, valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A sandbox, and a deployment's Redis without workers."""
    monkeypatch.setenv("FOREBAY_REDIS_URL", valkey_url)
    return stripe_url


def test_it_says_what_it_will_do_and_asks_nobody_who_is_not_there(deployed_sandbox: str, forebay: Forebay) -> None:
    said = forebay("doctor", "--record")

    assert said.code == 2
    assert "up to 7 runs of cheap SQL, one after the other in one slot of the lane" in said.out
    assert "the same command with --yes goes on" in said.err
    assert not Path("forebay-record.json").exists()


def test_it_writes_a_report_and_says_which_settings_follow(deployed_sandbox: str, forebay: Forebay) -> None:
    said = forebay("doctor", "--record", "--yes")

    assert said.code == 0, said.out + said.err
    assert "still open:" in said.out
    assert "Is the idempotency key honoured by these creates? the same create under its key gave the same" in said.out
    text = Path("forebay-record.json").read_text("utf-8")
    report = json.loads(text)
    assert [run["what"] for run in report["runs"]][:3] == ["plain", "zipped", "loaded"]
    for secret in (KEY, deployed_sandbox, "signature=", "acct_sandbox"):
        assert secret not in text + said.out + said.err
    assert {path.name for path in Path().iterdir() if "record" in path.name} == {"forebay-record.json"}


def test_scripts_get_an_answer_a_line_and_accounts_only_if_asked_for(deployed_sandbox: str, forebay: Forebay) -> None:
    said = forebay("doctor", "--record", "--yes", "--json", "--with-accounts", "--account", "acct_sandbox0001")

    answers = {event["key"]: event for event in said.events if event["event"] == "answer"}
    assert answers["context"]["saw"].startswith("not needed")
    assert said.events[-1]["event"] == "result"
    assert said.events[-1]["runs"] == 7
    assert json.loads(Path("forebay-record.json").read_text("utf-8"))["account"] == "acct_sandbox0001"


def test_in_a_paused_lane_nothing_is_asked(deployed_sandbox: str, forebay: Forebay) -> None:
    assert forebay("doctor", "--record", "--yes").code == 0
    Path("forebay-record.json").unlink()
    assert forebay("pause", LANE, "--reason", "month end").code == 0

    said = forebay("doctor", "--record", "--yes")

    assert said.code == 2
    assert f"lane {LANE} is paused: month end" in said.err
    assert not Path("forebay-record.json").exists()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("rate_limited", "quota.rate"), ("cap_reached", "quota.concurrency"), ("server_error", "provider")],
)
def test_where_stripe_does_not_take_the_key_now_nothing_is_asked(
    fault: str, kind: str, deployed_sandbox: str, forebay: Forebay
) -> None:
    faults = [{"name": fault, "operation": "retrieve"}]
    httpx.post(f"{deployed_sandbox}/sandbox/control", json={"faults": faults}).raise_for_status()

    said = forebay("doctor", "--record", "--yes", "--json")

    assert (said.code, said.events[-1]["error"]["class"]) == (2, kind), said.out + said.err
    assert not Path("forebay-record.json").exists()


def test_a_run_that_may_be_alive_is_told_to_scripts(deployed_sandbox: str, forebay: Forebay) -> None:
    faults = [{"name": "drop_reply", "operation": "create"}]
    httpx.post(f"{deployed_sandbox}/sandbox/control", json={"faults": faults}).raise_for_status()

    said = forebay("doctor", "--record", "--yes", "--json")

    assert said.code == 1
    assert said.events[-1]["slot_kept_until"]


def test_a_destination_goes_not_with_it(deployed_sandbox: str, forebay: Forebay) -> None:
    said = forebay("doctor", "--record", "--yes", "--to", "out")

    assert said.code == 2
    assert "--to does not go with --record" in said.err
    assert not Path("forebay-record.json").exists()


def test_its_options_go_with_it_alone(deployed_sandbox: str, forebay: Forebay) -> None:
    said = forebay("doctor", "--yes")

    assert said.code == 2
    assert "go with --record" in said.err


def test_without_a_key_nothing_is_begun(folder: Path, forebay: Forebay) -> None:
    said = forebay("doctor", "--record", "--yes")

    assert said.code == 4
    assert "there is no Stripe key" in said.err
