"""What `doctor` says of whom Stripe sends events to."""

import pytest

from forebay.cli.exits import Exit
from forebay.cli.submitting.checks.check_result import CheckResult
from forebay.cli.submitting.checks.destinations_check import destinations
from forebay.config.connections import Config
from tests.cli.submitting.checks.conftest import Asked, Configured

FAMILY = "v2.data.reporting.query_run"
LOST = "v2.core.health.event_generation_failure.resolved"
ALL = [f"{FAMILY}.succeeded", f"{FAMILY}.failed", f"{FAMILY}.updated", LOST]
PAYMENTS = {"name": "Payments", "enabled_events": ["v1.charge.succeeded"]}
FOREBAY = {"name": "Forebay", "enabled_events": ALL}
SECRET = "whsec_0123456789"


def rows_of(config: Config, account: str | None = None) -> list[CheckResult]:
    rows = list(destinations(config, config.connection(), account))
    assert {row.check for row in rows} == {"receivers"}
    assert {row.exit_code for row in rows} == {Exit.OK}, "nothing depends on it"
    return rows


def told(rows: list[CheckResult]) -> list[tuple[str, str]]:
    return [(row.verdict.value, row.message) for row in rows]


def test_those_that_are_there_are_named_with_their_kind_and_how_they_stand(
    configured: Configured, asked: Asked
) -> None:
    bridge = {"name": "Bus", "type": "amazon_eventbridge", "enabled_events": ALL}
    grid = {"name": "Grid", "type": "azure_event_grid", "enabled_events": ["v1.x"], "disabled": "user"}
    asked.change(destinations=[FOREBAY, bridge, grid, PAYMENTS])

    assert told(rows_of(configured(webhook_secrets=SECRET))) == [
        (
            "ok",
            "4 of 16 event destinations: Forebay (webhook_endpoint, enabled), Bus (amazon_eventbridge, enabled), "
            "Grid (azure_event_grid, disabled: user), Payments (webhook_endpoint, enabled)",
        )
    ], "what is not for us may lack our types, and be disabled"
    assert asked.requests() == {"list_destinations": {"200": 1}}


@pytest.mark.parametrize(
    ("kind", "reason", "way_out"),
    [
        ("webhook_endpoint", "user", "enable it in the Dashboard"),
        ("amazon_eventbridge", "no_aws_event_source_exists", "associate the partner event source in AWS"),
        ("azure_event_grid", "no_azure_partner_topic_exists", "activate the partner topic in Azure"),
        ("webhook_endpoint", "something_new", "enable it in the Dashboard"),
    ],
)
def test_one_of_ours_that_is_disabled_is_told_with_the_reason_and_what_to_do(
    configured: Configured, asked: Asked, kind: str, reason: str, way_out: str
) -> None:
    asked.change(destinations=[{**FOREBAY, "type": kind, "disabled": reason}])

    _, row = rows_of(configured())

    assert (row.verdict, row.message) == (
        "warning",
        f"event destination Forebay has events of runs and is disabled ({reason})",
    )
    assert row.way_out.startswith(way_out)


def test_the_types_that_one_of_ours_lacks_are_named(configured: Configured, asked: Asked) -> None:
    asked.change(destinations=[{"name": "Forebay", "enabled_events": [f"{FAMILY}.succeeded", f"{FAMILY}.failed"]}])

    _, row = rows_of(configured())

    assert (row.verdict, row.message) == (
        "warning",
        f"event destination Forebay lacks 2 types by which ends are told: {LOST}, {FAMILY}.updated",
    )


def test_each_generation_has_types_of_its_own(configured: Configured, asked: Asked) -> None:
    asked.change(destinations=[FOREBAY])

    _, row = rows_of(configured(api="data"))

    assert "lacks 3 types" in row.message and "v2.data.query_run.failed" in row.message


@pytest.mark.parametrize(
    ("definition", "lacking"),
    [
        ("connection: acme, api: data", ["v2.data.query_run.failed", "v2.data.query_run.succeeded"]),
        ("api: data", ["v2.data.query_run.failed"]),
        ("connection: acme", []),
        ("connection: acme, api: reporting", []),
        ("connection: other, api: data", []),
    ],
)
def test_events_of_both_generations_are_wanted_where_batches_ask_by_both(
    configured: Configured, asked: Asked, definition: str, lacking: list[str]
) -> None:
    asked.change(destinations=[FOREBAY])
    config = configured(
        more="  other: {mode: test, key: secret://env/OTHER_KEY}\n"
        "defaults: {connection: acme, output: ./out}\n"
        f"batches:\n  close: {{sql: SELECT 1, {definition}}}\n"
    )

    _, *rows = list(destinations(config, config.connection("acme"), None))

    assert len(rows) == bool(lacking)
    assert all(name in rows[0].message for name in lacking)


def test_a_wildcard_lacks_nothing(configured: Configured, asked: Asked) -> None:
    asked.change(destinations=[{"name": "All", "enabled_events": ["*"]}])

    assert len(rows_of(configured(webhook_secrets=SECRET))) == 1


@pytest.mark.parametrize("there", [[], [PAYMENTS], [{**FOREBAY, "disabled": "user"}]])
def test_secrets_of_a_webhook_without_one_that_sends_are_told(
    configured: Configured, asked: Asked, there: list[object]
) -> None:
    asked.change(destinations=there)

    last = rows_of(configured(webhook_secrets=SECRET))[-1]
    without = rows_of(configured())[-1]

    assert (last.verdict.value, "no enabled event destination sends events of runs" in last.message) == (
        "warning",
        True,
    )
    assert "webhook_secrets" not in without.message


def test_a_full_list_is_told_since_none_can_be_added(configured: Configured, asked: Asked) -> None:
    asked.change(destinations=[{**PAYMENTS, "name": f"P{n}"} for n in range(16)])

    (row,) = rows_of(configured())

    assert row.message.startswith("16 of 16 event destinations, so none can be added: P0 (")
    assert "P15" in row.message, "its second page, too"
    assert asked.requests() == {"list_destinations": {"200": 2}}


@pytest.mark.parametrize("access", ["forbidden", "missing"])
def test_a_key_that_may_not_see_them_is_no_fault(configured: Configured, asked: Asked, access: str) -> None:
    asked.change(destinations=[FOREBAY], destinations_access=access)

    (row,) = rows_of(configured())

    assert row.verdict == "ok"
    assert row.message.startswith("this key may not list event destinations") and "HTTP 40" in row.message


def test_so_is_a_restricted_one(configured: Configured, asked: Asked) -> None:
    assert "may not list" in rows_of(configured("rk_test_noevents_x"))[0].message


@pytest.mark.parametrize(
    "fault",
    [
        {"name": "server_error", "operation": "list_destinations"},
        {"name": "html", "operation": "list_destinations"},
        {"name": "page_elsewhere", "operation": "list_destinations"},
        {"name": "rate_limited", "operation": "list_destinations", "reason": "endpoint-rate"},
    ],
    ids=lambda fault: fault["name"],
)
def test_a_list_that_does_not_answer_is_a_warning(configured: Configured, asked: Asked, fault: object) -> None:
    asked.change(destinations=[FOREBAY], faults=[fault])

    (row,) = rows_of(configured())

    assert (row.verdict.value, "does not answer now" in row.message) == ("warning", True)


def test_a_list_without_an_end_is_left(configured: Configured, asked: Asked) -> None:
    asked.change(destinations=[FOREBAY], faults=[{"name": "page_endless", "operation": "list_destinations"}])

    rows_of(configured())

    assert asked.requests() == {"list_destinations": {"200": 5}}


def test_the_account_of_the_lane_is_asked_about_with_its_own_context(configured: Configured, asked: Asked) -> None:
    account = "acct_sandbox0002"
    asked.change(destinations=[FOREBAY])

    for scope, key in (("organization", "sk_org_test_x"), ("account", "sk_org_test_x")):
        config = configured(key, connection=f", lane: {{scope: {scope}}}")
        assert "1 of 16" in rows_of(config, account)[0].message
