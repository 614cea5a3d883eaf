"""Each question that a recording asks is answered as the sandbox is set: one way, and the other."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import fakeredis
import httpx
import pytest
from pydantic import SecretStr

from forebay.cli.recording import record_report
from forebay.cli.recording.asker import RecordingAim
from forebay.cli.recording.gathering import ORGANIZATION_SQL, Gatherer
from forebay.cli.recording.held_slot import HeldSlot
from forebay.cli.recording.observations import Observations
from forebay.cli.recording.questions import ASKED
from forebay.cli.recording.result_file import ResultHost
from forebay.config.connections import Connection
from forebay.config.secrets import HeldSecret
from forebay.config.stripe import Api, Mode
from forebay.queryrun.bounded_http import BoundedHttp
from forebay.queryrun.client import QueryRunClient
from forebay.sandbox.http.server import running
from forebay.sandbox.sandbox_settings import SandboxSettings
from tests.governor.driver import Lane

KEY = "sk_test_recordingkey"
ORGANIZATION = "sk_org_test_recordingkey"
ACCOUNT = "acct_sandbox0001"
SETTINGS = SandboxSettings(
    port=0,
    duration="fixed:0",
    accounts=3,
    event_delay="fixed:0",
    endpoint_rate_per_s=0,
    global_rate_test_per_s=0,
    global_rate_live_per_s=0,
)

Found = Mapping[str, tuple[str, ...]]
"""What is expected of some questions: the kind of answer, words of what was seen, and of the setting that follows."""


@pytest.fixture(scope="module")
def stripe_url() -> Iterator[str]:
    with running(SETTINGS) as url:
        yield url


@pytest.fixture
def control(stripe_url: str) -> Callable[..., None]:
    """Sets the sandbox, which is put back to its start first."""
    httpx.post(f"{stripe_url}/sandbox/reset").raise_for_status()

    def change(**settings: object) -> None:
        httpx.post(f"{stripe_url}/sandbox/control", json=settings).raise_for_status()

    return change


@pytest.fixture
def lane() -> Iterator[Lane]:
    with fakeredis.FakeRedis(decode_responses=True) as fake:
        lane = Lane(fake)
        lane.configure(2)
        yield lane


def recorded(
    url: str,
    lane: Lane,
    *,
    api: Api = Api.REPORTING,
    key: str = KEY,
    account: str | None = None,
    apart: bool = False,
    run_s: float = 30,
    tell: Callable[[str], None] = lambda _: None,
) -> Observations:
    connection = Connection(
        name="acme",
        mode=Mode.TEST,
        secret=HeldSecret(origin="STRIPE_API_KEY", value=SecretStr(key)),
        cap=2,
        api=api,
        api_base=url,
        apart=apart,
        download_hosts=(url.removeprefix("http://"),),
    )
    asked = RecordingAim(account=account, sql_bytes=10_000, events_s=0, run_s=run_s)
    with (
        BoundedHttp(timeout=httpx.Timeout(10)) as http,
        QueryRunClient(connection) as client,
        HeldSlot(lane.governor, patience_s=0) as slot,
    ):
        return Gatherer(client, slot, ResultHost(http, connection.download_hosts), asked, tell=tell).gather()


def answers(seen: Observations) -> dict[str, tuple[str, str, str]]:
    return {
        question.key: (str(answer.kind), answer.saw, answer.setting)
        for question, answer in record_report.answered(seen)
    }


def assert_found(seen: Observations, expected: Found) -> None:
    told = answers(seen)
    for question, (kind, *words) in expected.items():
        assert told[question][0] == kind, f"{question}: {told[question]}"
        for wanted, found in zip(words, told[question][1:], strict=False):
            assert wanted in found, f"{question}: {told[question]}"


#: What a sandbox is set to, and what is then found: each pair of a question's branches is here.
BRANCHES: list[tuple[dict[str, object], Found]] = [
    (
        {},
        {
            "idempotency": ("right", "the same QueryRun"),
            "idempotency_other_body": ("right", "HTTP 409"),
            "other_api": ("right", "data does"),
            "events": ("right", "v2.data.reporting.query_run.succeeded"),
            "long_sql": ("right", "10,000 bytes were accepted"),
            "wrong_sql": ("right", "data: refused (HTTP 400"),
            "engine_error": ("right", "a run that failed (internal_error)"),
            "row_count": ("right", "told, and right: 1"),
            "inline_values": ("right", "text", "read from their file"),
            "column_types": ("right", "timestamp"),
            "run_refreshed_at": ("right", "it is data_load_time"),
            "tables_refreshed_at": ("change", "within 12 h of data_load_time"),
            "range": ("right", "not honoured (HTTP 200)"),
            "if_range": ("right", "no Range"),
            "content_encoding": ("right", "no"),
            "zip_layout": ("right", "sizes follow the data; 1 member, .csv"),
            "zip_content_type": ("right", "zip"),
            "zip_size": ("right", "that of the zip"),
            "csv_times": ("right", "a space, 3 digits of a second, no zone; dates as YYYY-MM-DD", "stored as UTC"),
            "csv_values": ("change", "with all its places"),
            "context": ("open", "no account was named"),
            "account_column": ("open", "not asked about an organization"),
        },
    ),
    (
        {"idempotency_keys": "ignored"},
        {
            "idempotency": ("change", "made a second QueryRun"),
            "idempotency_other_body": ("right", "a QueryRun of its own, since the key is not heeded"),
        },
    ),
    ({"sql_most_bytes": 9_000}, {"long_sql": ("change", "10,000 bytes were refused (HTTP 400")}),
    ({"events": "empty"}, {"events": ("change", "no end was listed")}),
    ({"events": "forbidden"}, {"events": ("change", "refused (HTTP 403")}),
    ({"events": "missing"}, {"events": ("change", "refused (HTTP 404")}),
    ({"data_invalid_sql": "failed"}, {"wrong_sql": ("right", "data: a run that failed (query_run_invalid_sql)")}),
    ({"engine_error_code": "query_failed"}, {"engine_error": ("right", "a run that failed (query_failed)")}),
    ({"refreshed_at": "absent"}, {"run_refreshed_at": ("right", "not told")}),
    ({"refreshed_at": "2026-10-31T00:00:00Z"}, {"run_refreshed_at": ("change", "24 h from data_load_time")}),
    ({"schemas_refreshed_at": "2026-06-01T00:00:00Z"}, {"tables_refreshed_at": ("right", "0 of ")}),
    ({"schemas": "forbidden"}, {"tables_refreshed_at": ("open", "refused (HTTP 403")}),
    (
        {"no_api": "data"},
        {
            "other_api": ("right", "data does not (HTTP 403 query_run_api_inaccessible)"),
            "row_count": ("right", "this generation does not tell it"),
            "inline_values": ("right", "this generation shows none"),
            "run_refreshed_at": ("right", "this generation does not tell it"),
            "column_types": ("right", "none is told"),
            "idempotency": ("right", "the same QueryRun"),
        },
    ),
    (
        {"range_support": True},
        {"range": ("right", "honoured"), "if_range": ("right", "with it HTTP 206, with another HTTP 200")},
    ),
    ({"range_support": True, "if_range": False}, {"if_range": ("change", "If-Range is not heeded")}),
    ({"zip_sizes": "known"}, {"zip_layout": ("right", "sizes stand in front")}),
    ({"zip_size_of": "csv"}, {"zip_size": ("right", "that of the CSV", "a zip is whole by either")}),
    (
        {"csv_encoding": "gzip"},
        {
            "content_encoding": ("change", "compressed, though nobody asked for it", "such bodies are refused"),
            "range": ("open", "compressed on the way"),
            "row_count": ("open", "compressed on the way"),
            "run_refreshed_at": ("open", "compressed on the way"),
            "zip_layout": ("right", "1 member"),
        },
    ),
    ({"inline_values": "native"}, {"inline_values": ("right", "of their column's type", "read from their file")}),
    ({"csv_times": "seconds"}, {"csv_times": ("right", "a space, whole seconds, no zone")}),
    (
        {"csv_times": "nanoseconds"},
        {"csv_times": ("change", "a space, 9 digits of a second, no zone", "finer than a microsecond as text")},
    ),
    (
        {"csv_times": "zulu"},
        {
            "csv_times": ("right", "a T, 3 digits of a second, zone Z", "stored as UTC"),
            "run_refreshed_at": ("right", "it is data_load_time"),
        },
    ),
    ({"csv_times": "offset"}, {"csv_times": ("right", "a space, 3 digits of a second, zone +00:00")}),
    ({"faults": [{"name": "no_row_count"}]}, {"row_count": ("right", "not told")}),
    ({"faults": [{"name": "wrong_row_count", "rows": 2}]}, {"row_count": ("change", "3 was told of 1 records")}),
    (
        {"faults": [{"name": "odd_column_type", "shown": "geometry"}]},
        {"column_types": ("change", "geometry")},
    ),
]


@pytest.mark.parametrize(("settings", "expected"), BRANCHES, ids=lambda each: "-".join(each) or "as it is")
def test_what_the_sandbox_is_set_to_is_found_out(
    settings: dict[str, object], expected: Found, stripe_url: str, control: Callable[..., None], lane: Lane
) -> None:
    control(**settings)

    seen = recorded(stripe_url, lane)

    assert seen.stopped == ""
    assert_found(seen, expected)


def test_the_younger_generation_is_recorded_as_well(stripe_url: str, control: Callable[..., None], lane: Lane) -> None:
    seen = recorded(stripe_url, lane, api=Api.DATA)

    assert_found(
        seen,
        {
            "other_api": ("right", "reporting does"),
            "idempotency": ("right", "the same QueryRun"),
            "zip_content_type": ("right", "csv, and it is a zip"),
            "column_types": ("right", "decimal"),
            "events": ("right", "v2.data.query_run.succeeded"),
        },
    )
    assert {run.api for run in seen.runs} == {Api.DATA, Api.REPORTING}


@pytest.mark.parametrize("column", ["account", "merchant_id"])
def test_an_organizations_column_is_found_without_a_row(
    column: str, stripe_url: str, control: Callable[..., None], lane: Lane
) -> None:
    control(organization_column=column)

    seen = recorded(stripe_url, lane, key=ORGANIZATION)

    assert_found(seen, {"account_column": ("right", column)})
    assert answers(seen)["account_column"][2] == f"`by_account.column: {column}`"
    assert "1 = 0" in ORGANIZATION_SQL


@pytest.mark.parametrize(
    ("key", "expected"),
    [("rk_test_needscontext_key", ("change", "needed: refused without")), (KEY, ("right", "not needed"))],
)
def test_whether_a_context_is_needed_is_found(
    key: str, expected: tuple[str, str], stripe_url: str, control: Callable[..., None], lane: Lane
) -> None:
    assert_found(recorded(stripe_url, lane, key=key, account=ACCOUNT), {"context": expected})


def test_where_generations_are_counted_apart_the_other_one_makes_no_run(
    stripe_url: str, control: Callable[..., None], lane: Lane
) -> None:
    seen = recorded(stripe_url, lane, apart=True)

    assert {run.api for run in seen.runs} == {Api.REPORTING}
    assert_found(seen, {"other_api": ("right", "data does")})


@pytest.mark.parametrize("keys", ["honoured", "ignored"])
def test_no_more_than_one_run_is_alive_and_the_slot_is_given_back(
    keys: str, stripe_url: str, control: Callable[..., None], lane: Lane
) -> None:
    control(idempotency_keys=keys, cap=1)

    seen = recorded(stripe_url, lane)

    counts = httpx.get(f"{stripe_url}/sandbox/counts").json()
    assert seen.stopped == ""
    assert [scope["peak_alive"] for scope in counts["scopes"].values()] == [1]
    assert seen.requests <= 60
    assert counts["downloads_started"] == 6
    lane.open(size=3)
    assert lane.view.held == 2


def test_a_full_cap_ends_it_and_its_429_is_kept(stripe_url: str, control: Callable[..., None], lane: Lane) -> None:
    control(cap=1, outside_slots=1)

    seen = recorded(stripe_url, lane)

    assert "Stripe holds creates back now (HTTP 429 query_run_rate_limit_exceeded)" in seen.stopped
    assert_found(seen, {"limit_headers": ("right", "a 429 came by itself"), "zip_size": ("open", "holds creates back")})


def test_a_create_that_is_never_answered_keeps_its_slot(
    stripe_url: str, control: Callable[..., None], lane: Lane
) -> None:
    control(faults=[{"name": "drop_reply", "operation": "create"}])

    seen = recorded(stripe_url, lane)

    assert "whether its run is alive is not known" in seen.stopped
    assert httpx.get(f"{stripe_url}/sandbox/counts").json()["totals"]["runs"] == 1
    lane.open(size=3)
    assert lane.view.held == 1


def test_a_lost_answer_is_asked_for_again_once_keys_are_known_to_be_honoured(
    stripe_url: str, control: Callable[..., None], lane: Lane
) -> None:
    control(faults=[{"name": "drop_reply", "operation": "create", "nth": 4}])

    seen = recorded(stripe_url, lane)

    assert seen.stopped == ""
    assert_found(seen, {"zip_layout": ("right", "sizes follow")})


@pytest.mark.parametrize("key", [KEY, ORGANIZATION])
def test_nothing_secret_is_in_the_report(key: str, stripe_url: str, control: Callable[..., None], lane: Lane) -> None:
    seen = recorded(stripe_url, lane, key=key)
    connection = Connection(
        name="acme", mode=Mode.TEST, secret=HeldSecret(origin="STRIPE_API_KEY", value=SecretStr(key)), cap=2
    )
    told = record_report.answered(seen)

    report = record_report.as_json(seen, told, connection, at=datetime.now(UTC))

    text = json.dumps(report) + "\n".join(record_report.lines(told))
    for secret in (
        key,
        "recordingkey",
        "http://",
        "signature",
        "expires=",
        "acct_sandbox",
        "03:04:05",
        "1.50",
        "/files/",
    ):
        assert secret not in text, secret
    assert "forebay_one" not in text
    assert report["runs"][0]["query_run"] in text


def test_every_question_is_answered_by_a_whole_recording(
    stripe_url: str, control: Callable[..., None], lane: Lane
) -> None:
    told = answers(recorded(stripe_url, lane, key=ORGANIZATION))

    assert {key for key in ASKED if told[key][0] == "open"} == {"context"}
    assert all(setting for _, _, setting in told.values())


def test_a_recording_that_saw_nothing_answers_nothing() -> None:
    told: Mapping[str, Any] = answers(Observations(api=Api.REPORTING, stopped="a test"))

    assert {kind for kind, _, _ in told.values()} == {"open"}
