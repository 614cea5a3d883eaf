"""Each fault, as a client meets it, and the triggers that say when one strikes."""

import zlib
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

import forebay.sandbox
from forebay.sandbox.faults import Fault, FaultBook, FaultName, Operation
from tests.sandbox.driver import RUNS, Api, DataApi, error_of, eventually, url_of

SQL = "SELECT id, amount FROM charges ORDER BY id"


def test_a_dropped_reply_leaves_a_run_that_a_replay_finds(api: Api) -> None:
    api.fault("drop_reply", operation="create", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        api.create(Idempotency_Key="k")
    assert api.create(Idempotency_Key="k").status_code == 200
    counts = api.counts()
    assert counts["scopes"]["acct_sandbox0001:test"]["created"] == 1
    assert counts["idempotency"] == {"keys": 1, "replays": 1, "max_executions_per_key": 1}
    assert counts["requests"]["create"] == {"cut": 1, "200": 1}
    assert counts["faults_struck"] == {"drop_reply": 1}


def test_a_dropped_request_leaves_nothing(api: Api) -> None:
    api.fault("drop_request", times=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):  # an end, or a reset where the body was not read
        api.create()
    assert api.counts()["totals"]["runs"] == 0


def test_an_error_before_leaves_nothing_and_an_error_after_leaves_a_run(api: Api) -> None:
    api.fault("server_error", status=503)
    assert api.create().status_code == 503
    assert api.counts()["totals"]["runs"] == 0
    api.fault("error_after", operation="create")
    assert api.create().status_code == 500
    assert api.counts()["totals"]["runs"] == 1


@pytest.mark.parametrize(
    "reason", ["global-rate", "global-concurrency", "endpoint-rate", "endpoint-concurrency", "resource-specific", None]
)
def test_every_kind_of_429_can_be_had(api: Api, reason: str | None) -> None:
    api.fault("rate_limited", reason=reason)
    answer = api.create()
    assert answer.status_code == 429
    assert answer.headers.get("Stripe-Rate-Limited-Reason") == reason


def test_the_caps_429_can_be_had_with_room_to_spare(api: Api) -> None:
    api.fault("cap_reached", times=1)
    assert error_of(api.create())["code"] == "query_run_rate_limit_exceeded"
    assert api.create().status_code == 200


@pytest.mark.parametrize(("name", "status"), [("unauthorized", 401), ("forbidden", 403)])
def test_a_key_can_lose_its_rights_for_one_operation(api: Api, name: str, status: int) -> None:
    run_id = api.create().json()["id"]
    api.fault(name, operation="create")
    assert api.create().status_code == status
    assert api.retrieve(run_id).status_code == 200


def test_an_answer_can_be_slow(api: Api) -> None:
    api.fault("slow", delay_s=0.2)
    assert api.create().elapsed.total_seconds() >= 0.2


def test_a_run_can_fail_with_any_code(api: Api) -> None:
    api.fault("fail_run", error_code="internal_error", times=1)
    assert api.run()["status_details"]["failed"]["error_code"] == "internal_error"
    assert api.run()["status"] == "succeeded"


def test_a_run_can_stall_until_its_limit(api: Api) -> None:
    api.control(run_limit_s=0.1, faults=[{"name": "stall_run", "times": 1}])
    assert api.run()["status"] == "failed"


def test_the_size_can_be_wrong(api: Api) -> None:
    api.fault("wrong_size", bytes=7)
    run = api.run(SQL)
    assert int(run["result"]["file"]["size"]) == len(api.delivered(run)) + 7


def test_a_run_can_be_canceled(data_api: DataApi) -> None:
    data_api.fault("cancel_run", times=1)
    assert data_api.run()["status"] == "canceled"
    assert data_api.run()["status"] == "succeeded"


@pytest.mark.parametrize(("more", "shown"), [({}, "2"), ({"rows": 40}, "41"), ({"rows": -1}, "0")])
def test_the_count_of_rows_can_be_wrong(data_api: DataApi, more: dict[str, int], shown: str) -> None:
    data_api.fault("wrong_row_count", operation="retrieve", times=1, **more)
    run = data_api.run()
    assert run["result"]["row_count"] == shown
    assert data_api.retrieve(run["id"]).json()["result"]["row_count"] == "1"


def test_the_counts_of_rows_and_columns_can_be_absent_or_null(data_api: DataApi) -> None:
    data_api.fault("no_row_count")
    assert data_api.run()["result"].keys() == {"file"}
    data_api.control(data_nulls=True)
    result = data_api.run()["result"]
    assert (result["row_count"], result["col_count"]) == (None, None)


@pytest.mark.parametrize(("more", "shown"), [({}, "geometry"), ({"shown": "uuid"}, "uuid")])
def test_the_first_column_can_be_of_a_type_that_nobody_knows(
    data_api: DataApi, more: dict[str, str], shown: str
) -> None:
    data_api.fault("odd_column_type", **more)
    columns = data_api.run("SELECT 1 AS a, 2 AS b")["result"]["file"]["columns"]
    assert [column["type"] for column in columns] == [shown, "integer"]


def test_a_run_can_be_shown_for_a_while_in_a_status_that_nobody_knows(api: Api, data_api: DataApi) -> None:
    for each in (api, data_api):
        run = each.run("SELECT 1 -- sandbox: fail=x")
        each.fault("odd_status", times=2)
        first, second = (each.retrieve(run["id"]).json() for _ in range(2))
        assert (first["status"], second["status"]) == ("queued", "queued")
        assert not first.get("result")
        assert not first.get("status_details")
        assert each.retrieve(run["id"]).json() == run


def test_a_create_can_answer_in_a_status_that_nobody_knows(data_api: DataApi) -> None:
    data_api.fault("odd_status", operation="create", shown="pending_review")
    created = data_api.create().json()
    assert created["status"] == "pending_review"
    assert data_api.retrieve(created["id"]).json()["status"] in ("running", "succeeded")


def test_a_url_can_be_born_expired(api: Api) -> None:
    api.fault("url_expired", times=1)
    run = api.run()
    assert httpx.get(url_of(run)).status_code == 403
    assert httpx.get(url_of(api.retrieve(run["id"]).json())).status_code == 200


def test_a_truncated_body_ends_before_its_content_length(api: Api) -> None:
    run = api.run(SQL)
    api.fault("truncated", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        api.delivered(run)
    assert len(api.delivered(run)) == int(run["result"]["file"]["size"])
    eventually(lambda: api.counts()["downloads_finished"] == 1)
    assert api.counts()["downloads_started"] == 2


def test_a_connection_can_be_reset_in_the_middle(api: Api) -> None:
    run = api.run(SQL)
    api.fault("reset", times=1)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        api.delivered(run)
    assert len(api.delivered(run)) == int(run["result"]["file"]["size"])


def test_a_short_body_is_well_formed_and_lacks_bytes(api: Api) -> None:
    run = api.run(SQL)
    api.fault("short_body", bytes=10, times=1)
    short = api.delivered(run)
    assert short == api.delivered(run)[:-10]


def test_a_corrupt_byte_changes_one_bit_and_no_length(api: Api) -> None:
    run = api.run(SQL)
    api.fault("corrupt_byte", times=1)
    corrupt, whole = api.delivered(run), api.delivered(run)
    differing = [position for position, (a, b) in enumerate(zip(corrupt, whole, strict=True)) if a != b]
    assert differing == [len(whole) // 2]


def test_the_file_host_can_fail(api: Api) -> None:
    run = api.run(SQL)
    api.fault("download_error", status=503, times=1)
    assert httpx.get(url_of(run)).status_code == 503


def test_a_misspelt_fault_is_refused(api: Api) -> None:
    answer = api.http.post("/sandbox/control", json={"faults": [{"name": "drop_replies"}]})
    assert answer.status_code == 400
    assert "drop_reply" in error_of(answer)["message"]


def _strikes(fault: Fault, moments_s: list[float]) -> list[bool]:
    left = iter([0.0, *(moment for moment in moments_s)])  # the first reading is the moment the fault is set
    book = FaultBook([fault], seed=1, clock=lambda: next(left))
    return [book.strike(Operation.CREATE, FaultName.SLOW) is not None for _ in moments_s]


@pytest.mark.parametrize(
    ("trigger", "struck"),
    [
        ({}, [True, True, True, True]),
        ({"times": 2}, [True, True, False, False]),
        ({"nth": 3}, [False, False, True, False]),
        ({"after_s": 2}, [False, False, True, True]),
        ({"after_s": 2, "times": 1}, [False, False, True, False]),
        ({"probability": 0}, [False, False, False, False]),
        ({"operation": "retrieve"}, [False, False, False, False]),
    ],
)
def test_a_trigger_says_when(trigger: dict[str, object], struck: list[bool]) -> None:
    fault = Fault.model_validate({"name": "slow", **trigger})
    assert _strikes(fault, [0, 1, 2, 3]) == struck


def test_a_probability_is_kept_and_repeats_with_the_seed() -> None:
    moments = [float(number) for number in range(1000)]
    struck = _strikes(Fault(name=FaultName.SLOW, probability=0.3), moments)
    assert 250 < sum(struck) < 350
    assert struck == _strikes(Fault(name=FaultName.SLOW, probability=0.3), moments)


def test_every_fault_has_a_place_in_the_code_that_asks_for_it() -> None:
    # A name that nobody asks for would be accepted and never strike.
    sources = "".join(
        file.read_text() for file in Path(forebay.sandbox.__file__).parent.rglob("*.py") if file.name != "faults.py"
    )
    assert [name for name in FaultName if f"FaultName.{name.name}" not in sources] == []


def test_a_request_can_arrive_twice_and_its_key_is_executed_once(api: Api) -> None:
    api.fault("doubled", operation="create")
    assert api.create(Idempotency_Key="k").status_code == 200
    assert api.counts()["idempotency"] == {"keys": 1, "replays": 1, "max_executions_per_key": 1}


def test_a_retrieve_can_show_another_run_with_its_result(api: Api) -> None:
    other, asked = api.run("SELECT 1 AS n"), api.create("SELECT 2 AS n").json()
    api.fault("other_run", times=1)
    shown = api.retrieve(asked["id"]).json()
    assert (shown["id"], shown["status"]) == (other["id"], "succeeded")
    assert api.retrieve(asked["id"]).json()["id"] == asked["id"]


@pytest.mark.parametrize("percent", [1, 50, 99])
def test_a_url_can_expire_in_the_midst_of_its_download(api: Api, percent: float) -> None:
    run = api.run(SQL)
    size = int(run["result"]["file"]["size"])
    api.fault("expires_midway", percent=percent, times=1)
    got = 0
    with httpx.stream("GET", url_of(run)) as answer, pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012
        for piece in answer.iter_raw():
            got += len(piece)
    assert got == int(size * percent / 100)
    assert httpx.get(url_of(run)).status_code == 403
    assert httpx.get(url_of(api.retrieve(run["id"]).json())).status_code == 200


def streams(api: Api) -> list[AbstractContextManager[httpx.Response]]:
    """A retrieve, and the download of what it shows."""
    run = api.run(SQL)
    return [api.http.stream("GET", f"{RUNS}/{run['id']}", headers=api.headers()), httpx.stream("GET", url_of(run))]


@pytest.mark.parametrize("which", [0, 1], ids=["retrieve", "download"])
def test_answers_can_drip(api: Api, which: int) -> None:
    stream = streams(api)[which]
    api.fault("drip", delay_s=0.001)
    with stream as answer:
        pieces = answer.iter_raw()
        assert sum(len(next(pieces)) for _ in range(5)) < 50


@pytest.mark.parametrize("which", [0, 1], ids=["retrieve", "download"])
def test_answers_can_go_on_for_ever(api: Api, which: int) -> None:
    stream = streams(api)[which]
    api.fault("endless")
    with stream as answer:
        assert sum(len(piece) for piece, _ in zip(answer.iter_raw(), range(100), strict=False)) > 1_000_000


@pytest.mark.parametrize("which", [0, 1], ids=["retrieve", "download"])
def test_answers_can_be_bombs(api: Api, which: int) -> None:
    stream = streams(api)[which]
    api.fault("gzip_bomb")
    with stream as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        packed = b"".join(piece for piece, _ in zip(answer.iter_raw(), range(5), strict=False))
        assert len(zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(packed)) > 100 * len(packed)


@pytest.mark.parametrize("which", [0, 1], ids=["retrieve", "download"])
def test_answers_can_be_the_page_of_a_portal(api: Api, which: int) -> None:
    stream = streams(api)[which]
    api.fault("html")
    with stream as answer:
        assert (answer.status_code, answer.read()[:15]) == (200, b"<!doctype html>")


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("other_decimals", "n,amount\n1,0.5000\n2,-1.2500\n"),
        ("other_order", "n,amount\n2,-1.25\n1,0.50\n"),
        ("other_value", "n,amount\n1,0.51\n2,-1.25\n"),
    ],
)
def test_one_generation_can_have_another_result(api: Api, name: str, made: str) -> None:
    sql = "SELECT n, amount FROM (VALUES (1, DECIMAL '0.50'), (2, DECIMAL '-1.25')) AS t (n, amount) ORDER BY n"
    api.fault(name, api="reporting")
    assert api.csv(sql) == made
    api.fault(name, api="data")
    assert api.csv(sql) == "n,amount\n1,0.50\n2,-1.25\n"
