"""What `doctor` says of the way to results: from here, and from where workers run."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from forebay.cli.exits import Exit
from forebay.cli.submitting.checks.host_checks import from_here
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.deployment.host_reports import HostReport, HostReports
from tests.cli.conftest import Forebay, Said
from tests.cli.stripe import EndlessStripe
from tests.cli.submitting.checks.conftest import Configured, told

HOST = "stripeusercontent.com"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def results_of(said: Said) -> list[tuple[str, str]]:
    return [(row["verdict"], row["message"]) for row in said.events if row.get("check") == "results"]


def test_a_sandbox_hands_out_its_results_by_itself_and_nothing_else_is_tried(configured: Configured) -> None:
    (row,) = from_here(configured().connection(), workers_are_here=True)

    assert row.verdict == "ok"
    assert row.message.startswith("127.0.0.1:") and row.message.endswith(" is reached from here")


@pytest.mark.parametrize(("workers_are_here", "code"), [(True, Exit.SOME_FAILED), (False, Exit.OK)])
def test_a_closed_network_is_told_before_a_run_is_spent_with_the_host_to_allow(
    folder: Path, monkeypatch: pytest.MonkeyPatch, workers_are_here: bool, code: Exit
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:word@127.0.0.1:1")  # nobody is there
    config = load_config(Settings(stripe_api_key="rk_test_x"))

    row, files = from_here(config.connection(), workers_are_here=workers_are_here)

    assert told([row, files]) == [("results", "warning")] * 2
    assert row.message.startswith(f"results come from {HOST}, which is not reached from here: by the proxy 127.0.0.1:1")
    assert f"let that network reach {HOST}, port 443 (Stripe's published lists of domains lack it)" in row.way_out
    assert (row.exit_code, "where the workers run is what counts" in row.message) == (code, not workers_are_here)
    assert files.exit_code is Exit.OK and "may come from files.stripe.com" in files.message, "no sample names it"
    assert "word" not in row.message + files.message


def test_a_proxy_that_is_not_spoken_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
    config = load_config(Settings(stripe_api_key="rk_test_x"))

    (row,) = from_here(config.connection(), workers_are_here=True)

    assert (row.verdict, row.exit_code) == ("failed", Exit.USAGE)


def test_each_worker_is_shown_with_what_it_found_and_when(
    deployed: redis.Redis, forebay: Forebay, stripe: EndlessStripe
) -> None:
    host, now = stripe.url.removeprefix("http://"), datetime.now(UTC)
    said = {
        "closed": HostReport(at=now - timedelta(minutes=12), troubles={host: "its name is not known here (DNS)"}),
        "open": HostReport(at=now + timedelta(minutes=3), troubles={host: ""}),
        "other": HostReport(at=now, troubles={HOST: ""}),
        "dead": HostReport(at=now, troubles={host: "it is long gone"}),
    }
    for node, report in said.items():
        HostReports(deployed).report(node, report, 60)
    for node in ("closed", "open", "other", "older"):
        Heartbeats(deployed).beat(node, 60)

    doctor = forebay("doctor", "--json")

    assert results_of(doctor) == [
        ("ok", f"{host} is reached from here"),
        (
            "warning",
            f"results come from {host}, which is not reached from worker closed (12 min ago): "
            "its name is not known here (DNS)",
        ),
        ("ok", f"{host} is reached from worker open (just now)"),
        ("warning", f"not said yet whether {host} is reached from older, other"),
    ]
    assert doctor.code == Exit.SOME_FAILED
    assert "not ready: what is submitted waits (results)" in forebay("doctor").out


def test_what_workers_have_not_said_keeps_nobody_from_submitting(deployed: redis.Redis, forebay: Forebay) -> None:
    Heartbeats(deployed).beat("here", 60)

    assert forebay("doctor", "--json").code == Exit.OK


def test_who_submits_is_warned_of_workers_that_cannot_fetch_and_of_nothing_else(
    deployed: redis.Redis, forebay: Forebay, stripe: EndlessStripe, queries: list[str]
) -> None:
    host = stripe.url.removeprefix("http://")
    for node, trouble in (("closed", "the connection is refused"), ("open", "")):
        HostReports(deployed).report(node, HostReport(at=datetime.now(UTC), troubles={host: trouble}), 60)
    for node in ("closed", "open", "silent"):
        Heartbeats(deployed).beat(node, 60)

    said = forebay("submit", *queries)

    assert said.code == Exit.OK, "what is submitted is safe"
    (warning,) = (line for line in said.err.splitlines() if "results" in line)
    assert warning.startswith(
        f"warning: results come from {host}, which is not reached from worker closed (just now): "
    )
    assert f"let that network reach {host}" in said.err
    assert "silent" not in said.err
