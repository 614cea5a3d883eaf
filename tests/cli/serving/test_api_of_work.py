"""Programs submit by the API what people submit by commands, wait for it, and get links to what landed."""

import logging
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import boto3
import httpx
import pytest
import redis

from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.errors import EmbeddedFailed
from forebay.cli.serving.deployment_readings import DeploymentReadings
from forebay.cli.serving.deployment_work import DeploymentWork
from forebay.config.document.web_access import Role, WebAccess, WebToken
from forebay.config.settings import Settings
from forebay.landing.manifest import SUFFIX
from forebay.landing.result_paths import place_stem
from forebay.store.interface import Store
from forebay.store.ledger.records import Batch
from forebay.store.local import LocalStore
from forebay.web.access.passwords import hash_token
from tests.cli.conftest import Forebay
from tests.cli.definitions import close, ledger
from tests.cli.serving.conftest import ask, conforms
from tests.cli.stripe import BAD_KEY
from tests.cli.worker import LANE, Hand
from tests.deaths.mortal import Death, MortalRedis, Spot
from tests.scheduler.batches.test_history import manifest
from tests.servers.s3 import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.web.page_served import page_served

QUERIES = [{"sql": "SELECT 1", "name": "one"}, {"sql": "SELECT 2", "name": "two", "account": "acct_2"}]


def post(page: httpx.Client, path: str, status: int, **body: Any) -> Any:
    answer = page.post(f"/api/v1{path}", json=body)
    assert answer.status_code == status, answer.text
    if answer.is_success:
        conforms("POST", path, answer.json())
    return answer.json()


def land(store: Store, batch: Batch, data: bytes = b"id\n1\n") -> None:
    """Writes what workers leave of a batch's runs in its destination."""
    for flow in batch.flows:
        for item in ledger(Path()).items(batch.id, flow.lane):
            stem, landed = place_stem(batch, item), manifest(item.name, item.account, len(data), 1)
            stored = landed.object.model_copy(update={"key": f"{stem}.csv", "bytes": len(data)})
            written = landed.model_copy(update={"batch": batch.id, "object": stored})
            store.put(f"{stem}.csv", data)
            store.put(f"{stem}{SUFFIX}", written.model_dump_json().encode())


def test_queries_are_a_batch_as_those_of_the_command(deployed: redis.Redis, page: httpx.Client, folder: Path) -> None:
    accepted = post(page, "/batches", 201, queries=QUERIES, **{"class": "interactive"})

    batch = ledger(folder).batch(accepted["batch"])
    assert accepted.items() >= {"created": True, "runs": 2, "output": str(folder / "out"), "lanes": [LANE]}.items()
    assert (batch.source, batch.standing.flow_class) == ("2 queries by the API, of ana", "interactive")
    items = list(ledger(folder).items(batch.id, LANE))
    assert [(item.name, item.account, item.sql) for item in items] == [
        ("one", None, "SELECT 1"),
        ("two", "acct_2", "SELECT 2"),
    ]
    assert [cause["cause"] for cause in ask(page, f"/batches/{batch.id}")["causes"]] == ["no_worker"]


def test_the_same_key_is_the_same_batch_and_other_content_a_problem(deployed: redis.Redis, page: httpx.Client) -> None:
    first = post(page, "/batches", 201, queries=QUERIES, key="daily-2026-11-27")
    again = post(page, "/batches", 200, queries=QUERIES, key="daily-2026-11-27")
    other = post(page, "/batches", 409, queries=QUERIES[:1], key="daily-2026-11-27")

    assert again["batch"] == first["batch"]
    assert any("accepted already" in line for line in again["warnings"])
    assert other.items() >= {"class": "key", "status": 409, "exit": 2}.items()
    assert other["next"] == "take another key, or ask for what was asked under this one"
    assert ask(page, f"/batches/{first['batch']}").items() >= {"key": "daily-2026-11-27", "exit": None}.items()


def test_what_was_accepted_is_told_where_nobody_can_work_on_it(
    deployed: redis.Redis, page: httpx.Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Deployment) -> None:
        raise EmbeddedFailed("the local services did not start", way_out="look at their logs")

    monkeypatch.setattr(Deployment, "start_work", refuse)

    accepted = post(page, "/batches", 201, queries=QUERIES)

    assert [ledger(folder).batch_in(each).id for each in ledger(folder).names.folders()] == [accepted["batch"]]
    (said,) = [line for line in accepted["warnings"] if "nobody was asked" in line]
    assert said == ("nobody was asked to work on it: the local services did not start (look at their logs)"), (
        "who hears of an error would submit it once more"
    )


def test_what_was_accepted_is_told_where_redis_fails_then_and_whoever_tends_opens_it(
    deployed: redis.Redis, folder: Path
) -> None:
    with open_deployment(Settings()) as deployment:
        deployment.runtime.redis = MortalRedis(deployment.runtime.redis, Death(Spot("open_flow")))
        with page_served(DeploymentReadings(deployment), work=DeploymentWork(deployment)) as page:
            accepted = post(page, "/batches", 201, queries=QUERIES)

    assert [ledger(folder).batch_in(each).id for each in ledger(folder).names.folders()] == [accepted["batch"]]
    (said,) = [line for line in accepted["warnings"] if "Redis failed" in line]
    assert accepted["batch"] in said
    with open_deployment(Settings()) as deployment:
        restored = deployment.reconciler.all().restored
    assert [(each.lane, each.waiting) for each in restored] == [(LANE, 2)], "nobody has to ask for it once more"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"queries": [{"sql": "DELETE FROM x"}]}, 400, "query 1"),
        ({"queries": [QUERIES[0], QUERIES[0]]}, 400, "query 2: the name 'one' is taken by query 1"),
        ({"queries": QUERIES, "connection": "nobody"}, 400, "nobody"),
        ({"queries": QUERIES, "to": "elsewhere"}, 400, "write s3://bucket/prefix or file:///folder"),
        ({"definition": "daily"}, 404, "the spec has no batch or extract 'daily'"),
        ({"queries": QUERIES, "key": " daily"}, 400, "a key is a line of text"),
    ],
)
def test_what_cannot_be_is_a_problem_and_nothing_is_submitted(
    deployed: redis.Redis, page: httpx.Client, folder: Path, body: Any, status: int, said: str
) -> None:
    problem = post(page, "/batches", status, **body)

    assert said in problem["title"]
    assert problem["exit"] == 2
    assert not list(ledger(folder).names.folders())


def test_a_refused_key_of_stripe_is_told_as_the_command_tells_it(
    deployed: redis.Redis, folder: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", BAD_KEY)
    problem = post(request.getfixturevalue("page"), "/batches", 409, queries=QUERIES)

    assert (problem["class"], problem["exit"]) == ("auth", 4)
    assert BAD_KEY not in str(problem)
    assert not list(ledger(folder).names.folders())


def test_a_definition_of_the_spec_is_submitted_by_its_name(
    spec: Path, deployed: redis.Redis, page: httpx.Client
) -> None:
    window = post(page, "/batches", 201, definition="daily", window="2026-10-01")
    assert window["batch"].startswith("daily.20260930T2200Z")
    assert post(page, "/batches", 200, definition="daily", window="2026-10-01")["batch"] == window["batch"]

    batch = post(page, "/batches", 201, definition="close", params={"currency": "eur"}, key="month-end")
    assert batch["batch"].startswith("close-month-end-k")
    assert "curency" in post(page, "/batches", 400, definition="close", params={"curency": "eur"})["title"]
    assert "made once anyway" in post(page, "/batches", 400, definition="daily", window="2026-10-01", key="x")["title"]


def test_who_is_no_admin_writes_to_the_destinations_of_the_spec_alone(spec: Path, deployed: redis.Redis) -> None:
    token = WebToken(sha256=hash_token("fbweb_1"), role=Role.OPERATOR, expires=date(2999, 1, 1))
    bearer = {"Authorization": "Bearer fbweb_1"}
    with (
        open_deployment(Settings()) as deployment,
        page_served(
            DeploymentReadings(deployment),
            WebAccess(tokens={"airflow": token}),
            work=DeploymentWork(deployment),
            here=None,
        ) as client,
    ):
        client.headers.update(bearer)
        below, beside, above = (f"{spec.as_uri()}/results{rest}" for rest in ("/airflow", "-of-others", "/../x"))
        assert post(client, "/batches", 201, queries=QUERIES[:1], to=below)["output"] == below
        for elsewhere in (beside, above, "s3://bucket/x", spec.as_uri()):
            problem = post(client, "/batches", 403, queries=QUERIES[:1], to=elsewhere)
            assert problem["title"] == (
                "airflow may have results land in the destinations of the spec and below them, and nowhere else"
            )


def test_a_batch_says_how_a_command_would_end(
    deployed: redis.Redis, page: httpx.Client, queries: list[str], forebay: Forebay
) -> None:
    batch, hand = forebay("submit", *queries).out.strip(), Hand(deployed)
    assert ask(page, f"/batches/{batch}?wait=0").items() >= {"ended": False, "exit": None}.items()
    runs: list[Any] = []
    while len(runs) < 3:
        runs += hand.start()
    hand.fail(runs[0], "no such column")
    for custody in runs[1:]:
        hand.land(custody)

    assert ask(page, f"/batches/{batch}?wait=60").items() >= {"ended": True, "exit": 1, "state": "partial"}.items()
    failures = ask(page, f"/batches/{batch}/failures")
    assert (failures["failed"], failures["counted"]) == (1, 1)
    assert failures["failures"][0].items() >= {"error_class": "sql", "count": 1, "names": ["charges"]}.items()
    assert any("--sql-again" in way for way in failures["next"])


def test_manifests_are_read_page_by_page(
    deployed: redis.Redis, page: httpx.Client, queries: list[str], forebay: Forebay, folder: Path
) -> None:
    batch, hand = ledger(folder).batch(forebay("submit", *queries, "--to", "out").out.strip()), Hand(deployed)
    runs: list[Any] = []
    while len(runs) < 3:
        runs += hand.start()
    for custody in runs[:2]:
        hand.land(custody)
    land(LocalStore(folder / "out"), batch)

    first = ask(page, f"/batches/{batch.id}/manifests?limit=1")
    assert ([each["name"] for each in first["manifests"]], first["next"], first["size"]) == (["charges"], 1, 3)
    assert first["manifests"][0]["manifests"][0]["object"]["bytes"] == 5
    rest = ask(page, f"/batches/{batch.id}/manifests?start=1")
    assert ([each["name"] for each in rest["manifests"]], rest["next"]) == (["fees"], None)
    assert ask(page, f"/batches/{batch.id}/manifests?start=9")["manifests"] == []


def test_results_in_a_folder_have_no_links(
    deployed: redis.Redis, page: httpx.Client, queries: list[str], forebay: Forebay, folder: Path
) -> None:
    batch, hand = ledger(folder).batch(forebay("submit", *queries, "--to", "out").out.strip()), Hand(deployed)
    links = f"/batches/{batch.id}/runs/{LANE}/0/links"
    assert "has no result" in post(page, links, 404)["title"]
    hand.land(hand.begin_one())
    land(LocalStore(folder / "out"), batch)

    problem = post(page, links, 409)

    assert (problem["class"], problem["exit"]) == ("sink", 2)
    assert "no signed links; read them there, or land in a bucket" in problem["title"]
    assert "has no run 3" in post(page, f"/batches/{batch.id}/runs/{LANE}/3/links", 404)["title"]


@pytest.fixture
def bucket(s3_endpoint: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket that this deployment's settings lead to."""
    for name, value in (
        ("FOREBAY_S3_ENDPOINT", s3_endpoint),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    name = f"tests-{uuid4()}"
    boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1").create_bucket(Bucket=name)
    return name


def test_results_in_a_bucket_have_links_for_some_minutes_that_nobody_keeps(
    bucket: str,
    deployed: redis.Redis,
    queries: list[str],
    forebay: Forebay,
    folder: Path,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = forebay("submit", *queries, "--to", f"s3://{bucket}/lake")
    assert said.code == 0, said.err
    batch, hand = ledger(folder).batch(said.out.strip()), Hand(deployed)
    hand.land(hand.begin_one())
    page = request.getfixturevalue("page")
    with open_deployment(Settings()) as deployment:
        land(deployment.store(batch.output), batch)

    caplog.set_level(logging.DEBUG)
    answer = page.post(f"/api/v1/batches/{batch.id}/runs/{LANE}/0/links", json={"expires_s": 60})
    signed = answer.json()["links"][0]

    assert answer.headers["cache-control"] == "no-store"
    assert signed["object"] == f"s3://{bucket}/lake/{batch.id}/charges.csv"
    assert httpx.get(signed["url"], trust_env=False).text == "id\n1\n"
    left = datetime.fromisoformat(answer.json()["expires_at"]) - datetime.now(UTC)
    assert 0 < left.total_seconds() <= 60
    ours = [record.getMessage() for record in caplog.records if record.name != "httpx"]  # by which this test asks
    assert "X-Amz-Signature" not in "\n".join(ours)
    everything = "".join(path.read_text(errors="replace") for path in folder.rglob("*.json"))
    assert "X-Amz" not in everything + str(deployed.keys("*"))


def test_a_window_says_how_it_stands(spec: Path, deployed: redis.Redis, page: httpx.Client, forebay: Forebay) -> None:
    missing = ask(page, "/extracts/daily/windows/2026-10-01")
    assert missing.items() >= {"label": "2026-10-01", "batch": None, "start": "2026-09-30T22:00:00+00:00"}.items()

    batch = forebay("submit", "daily", "--window", "2026-10-01").out.strip()
    close(spec, batch)
    landed = ask(page, "/extracts/daily/windows/2026-10-01T07:00")
    assert landed.items() >= {"batch": batch, "state": "landed", "outcome": "landed", "gap": False}.items()
    assert ask(page, "/extracts/daily/windows/2026-09-30T22:30:00Z")["batch"] == batch
    for path, status, words in (
        ("yesterday", 400, "write a date such as"),
        ("2001-01-01", 404, "lies before the start of daily"),
    ):
        answer = page.get(f"/api/v1/extracts/daily/windows/{path}")
        assert (answer.status_code, words in answer.json()["title"]) == (status, True), answer.text


@pytest.mark.parametrize(
    "moment", ["9999-12-31", "0001-01-01", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]
)
def test_a_window_at_the_end_of_time_is_a_bad_request(
    spec: Path, deployed: redis.Redis, page: httpx.Client, moment: str
) -> None:
    assert "write a date such as" in page.get("/api/v1/extracts/daily/windows/" + quote(moment)).json()["title"]
    assert post(page, "/batches", 400, definition="daily", window=moment)["class"] == "input"
    post(page, "/extracts/daily/backfill", 400, dry_run=True, **{"from": moment})


@pytest.mark.parametrize("moment", ["8999-12-31", "1000-01-01"])
def test_a_window_far_away_is_not_over_or_before_the_first(
    spec: Path, deployed: redis.Redis, page: httpx.Client, moment: str
) -> None:
    assert post(page, "/batches", 400, definition="daily", window=moment)["class"] == "input"


def test_costs_are_those_of_the_command(
    spec: Path, deployed: redis.Redis, page: httpx.Client, forebay: Forebay
) -> None:
    told = forebay("costs", "--by", "day", "--json").events[-1]
    costs = ask(page, "/costs?by=day")

    assert costs["costs"] == [] and costs["more"] is False
    assert {name: told[name] for name in costs["total"]} == costs["total"]
    answer = page.get("/api/v1/costs?by=dya")
    assert (answer.status_code, "costs are not summed by 'dya'" in answer.json()["title"]) == (400, True)
    assert page.get("/api/v1/costs?since=2026-11-02&until=2026-11-01").status_code == 400


@pytest.mark.parametrize("query", ["until=0001-01-05", "since=0001-01-01&until=9999-12-31", "since=9999-12-30"])
def test_costs_of_days_that_never_were_are_none_or_a_bad_request(
    deployed: redis.Redis, page: httpx.Client, query: str
) -> None:
    answer = page.get(f"/api/v1/costs?{query}")

    assert answer.status_code == (400 if query == "since=9999-12-30" else 200), answer.text


def test_what_failed_is_retried_by_the_api(
    deployed: redis.Redis, page: httpx.Client, queries: list[str], forebay: Forebay
) -> None:
    batch, hand = forebay("submit", *queries, "--cap", "1").out.strip(), Hand(deployed)
    hand.fail(hand.begin_one(), "no such column")

    assert post(page, f"/batches/{batch}/retry", 200, dry_run=True).items() >= {"runs": 1, "nothing": False}.items()
    deed = post(page, f"/batches/{batch}/retry", 200, cause="sql")
    assert deed.items() >= {"act": "retry", "by": "ana", "why": "by the API", "done": True}.items()
    assert "1 run taken up" in deed["came"]
    nothing = post(page, f"/batches/{batch}/retry", 400, cause="sql")
    assert (nothing["class"], "nothing failed" in nothing["title"]) == ("input", True)
