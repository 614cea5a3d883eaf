"""The API shows batches and runs as the commands do, over a real ledger and a real Redis; and says errors alike."""

import httpx
import pytest
import redis

from forebay.cli.deployment import open_deployment
from forebay.cli.serving.deployment_readings import DeploymentReadings
from forebay.config.settings import Settings
from tests.cli.conftest import Forebay
from tests.cli.serving.conftest import ask
from tests.cli.worker import LANE
from tests.web.page_served import page_served


def test_a_list_says_what_the_command_says(batch: str, forebay: Forebay, page: httpx.Client) -> None:
    told = forebay("ls", "--json").events[0]
    listed = ask(page, "/batches")["batches"][0]

    del told["event"]
    assert told.items() <= listed.items()
    assert (listed["batch"], listed["failed"], listed["alive"]) == (batch, 1, 1)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=running", 1),
        ("state=landed", 0),
        ("q=nobody", 0),
        ("q=2", 1),
        ("since=2999-01-01", 0),
        ("extract=x", 0),
    ],
)
def test_a_list_is_filtered(batch: str, page: httpx.Client, query: str, found: int) -> None:
    assert len(ask(page, f"/batches?{query}")["batches"]) == found


def test_a_list_tells_of_more(batch: str, forebay: Forebay, queries: list[str], page: httpx.Client) -> None:
    assert ask(page, "/batches?limit=1")["more"] is False
    assert forebay("submit", *queries).code == 0

    listed = ask(page, "/batches?limit=1")
    assert (len(listed["batches"]), listed["more"]) == (1, True)
    assert listed["batches"][0]["batch"] != batch, "the newest comes first"


def test_a_batch_says_how_it_stands_and_what_is_in_its_way(batch: str, page: httpx.Client) -> None:
    shown = ask(page, f"/batches/{batch}")

    assert (shown["state"], shown["runs"], shown["waiting"]) == ("running", 3, 1)
    assert [cause["cause"] for cause in shown["causes"]] == ["no_worker"]
    assert shown["lanes"] == [{"lane": LANE, "runs": 3}]


def test_runs_are_listed_by_state_by_name_and_from_a_position_on(batch: str, page: httpx.Client) -> None:
    def names(query: str = "") -> list[str]:
        return [run["name"] for run in ask(page, f"/batches/{batch}/runs?{query}")["runs"]]

    assert names() == ["charges", "fees", "refunds"]
    assert names("state=failed") == ["charges"]
    assert names("state=failed,waiting") == names("state=failed&state=waiting") == ["charges", "refunds"]
    assert names("q=FEE") == ["fees"]
    assert names("start=1") == ["fees", "refunds"]
    assert names("state=waiting&start=2") == ["refunds"]
    first = ask(page, f"/batches/{batch}/runs?limit=2")
    assert (first["next"], first["size"]) == (2, 3)
    assert names(f"start={first['next']}") == ["refunds"]
    assert ask(page, f"/batches/{batch}/runs?limit=3")["next"] is None
    assert ask(page, f"/batches/{batch}/runs?state=failed&limit=1")["next"] is None


def test_a_run_that_failed_says_why_and_its_story(batch: str, forebay: Forebay, page: httpx.Client) -> None:
    told = forebay("show", batch, "charges", "--json").events[0]
    shown = ask(page, f"/batches/{batch}/runs/{LANE}/0")

    del told["event"]
    assert told.items() <= shown.items()
    assert [each["what"] for each in shown["story"]] == ["accepted", "attempt 1 failed"]
    assert "custmer" in shown["story"][1]["detail"]
    assert shown["attempts"][0]["class"] == "sql"
    assert shown["command"] == f"forebay show {batch} charges"


def test_a_run_at_stripe_says_since_when(batch: str, page: httpx.Client) -> None:
    shown = ask(page, f"/batches/{batch}/runs/{LANE}/1")

    assert (shown["state"], shown["query_run"]) == ("running", "qryrun_1")
    assert [each["what"] for each in shown["story"]] == ["accepted", "given a slot"]


def test_rows_of_the_grid_are_accounts(deployed: redis.Redis, page: httpx.Client) -> None:
    asked = [{"sql": "SELECT 1", "name": f"r{n}", "account": f"acct_{account}"} for account in "12" for n in range(8)]
    batch = page.post("/api/v1/batches", json={"queries": asked}).json()["batch"]

    assert ask(page, f"/batches/{batch}/states")["columns"] == 8


def test_states_are_half_a_byte_each(batch: str, page: httpx.Client) -> None:
    states = ask(page, f"/batches/{batch}/states")

    # waiting granted running ready landed failed canceled; the last half byte is nobody's.
    assert bytes.fromhex(states["packed"]) == b"\x52\x00"
    assert states["lanes"] == [{"lane": LANE, "runs": 3, "known": True}]


def test_waiting_runs_of_a_canceled_batch_show_as_canceled(batch: str, forebay: Forebay, page: httpx.Client) -> None:
    assert forebay("cancel", batch, "--yes").code == 0

    assert bytes.fromhex(ask(page, f"/batches/{batch}/states")["packed"])[0] == 0x52
    assert bytes.fromhex(ask(page, f"/batches/{batch}/states")["packed"])[1] >> 4 == 6
    runs = ask(page, f"/batches/{batch}/runs?state=canceled")["runs"]
    assert [run["name"] for run in runs] == ["refunds"]


def test_what_redis_has_lost_is_told_from_the_ledger(batch: str, deployed: redis.Redis, page: httpx.Client) -> None:
    deployed.flushdb()

    shown = ask(page, f"/batches/{batch}")
    assert (shown["state"], shown["remembered"]) == ("lost", True)
    assert [run["name"] for run in ask(page, f"/batches/{batch}/runs?state=failed")["runs"]] == ["charges"]
    assert ask(page, f"/batches/{batch}/states")["lanes"][0]["known"] is False


def test_lanes_are_shown_as_the_command_shows_them(batch: str, forebay: Forebay, page: httpx.Client) -> None:
    told = forebay("lanes", "--json").events[0]
    shown = ask(page, "/lanes")

    same = told.keys() - {"event", "oldest_held", "budgets_per_s"}
    assert {name: shown["lanes"][0][name] for name in same} == {name: told[name] for name in same}
    assert shown["causes"][0]["cause"] == "no_worker"


def test_twenty_who_look_cost_redis_what_one_does(batch: str, deployed: redis.Redis) -> None:
    def commands(people: int) -> int:
        with (
            open_deployment(Settings()) as deployment,
            page_served(DeploymentReadings(deployment), monotonic_s=lambda: 0.0) as client,
        ):
            before = total()
            for _ in range(people):
                for path in ("/lanes", f"/batches/{batch}", f"/batches/{batch}/states", "/today"):
                    ask(client, path)
            return total() - before

    def total() -> int:
        told = deployed.info("stats")
        assert isinstance(told, dict)
        return int(told["total_commands_processed"])

    commands(1)  # what is loaded once
    assert commands(20) == commands(1)


def test_today_says_what_needs_a_person(batch: str, page: httpx.Client) -> None:
    attention = ask(page, "/today")["attention"]

    assert [(each["kind"], each["next"]) for each in attention] == [("cause", "start one with: forebay worker")]


def test_without_a_spec_there_are_no_extracts_and_no_accounts(batch: str, page: httpx.Client) -> None:
    assert ask(page, "/extracts") == {"extracts": [], "removed": []}
    assert ask(page, "/accounts") == {"accounts": []}


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/batches/nothing", 404, "there is no batch 'nothing' in this ledger"),
        ("/batches/{batch}/runs/default:test/9", 404, "has no run 9 on lane 'default:test'"),
        ("/batches/{batch}/runs/other:test/0", 404, "has no run 0 on lane 'other:test'"),
        ("/batches?stat=x", 400, "there is no parameter 'stat', did you mean 'state'?"),
        ("/batches?limit=0", 400, "limit is a whole number from 1 to 200"),
        ("/batches?limit=٣", 400, "limit is a whole number from 1 to 200"),
        ("/batches?since=yesterday", 400, "since is a date or a time"),
        ("/batches/{batch}/runs?state=runing", 400, "'runing' is no state of a run, did you mean 'running'?"),
        ("/lanes?x=1", 400, "there is no parameter 'x', and none is read here"),
        ("/extracts/daily", 404, "the spec has no extract 'daily'"),
        ("/accounts/acct_1", 404, "no extract of the spec asks account 'acct_1'"),
        ("/batch/{batch}", 404, "there is nothing at /api/v1/batch/"),
        ("/lanes/", 404, "there is nothing at /api/v1/lanes/"),
    ],
)
def test_what_is_wrong_is_a_problem_in_one_sentence(
    batch: str, page: httpx.Client, path: str, status: int, said: str
) -> None:
    answer = page.get(f"/api/v1{path.format(batch=batch)}")

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in answer.json()["title"]
