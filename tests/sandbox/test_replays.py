"""The v2 rules of Idempotency-Key, over HTTP and in the book itself."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from forebay.sandbox.errors import ApiError
from forebay.sandbox.replays import IdempotencyBook
from forebay.sandbox.setting_choices import IdempotencyRace
from tests.sandbox.driver import ORGANIZATION_KEY, Api, error_of


def test_a_replay_makes_nothing_new_and_shows_the_run_as_it_is_now(api: Api) -> None:
    first = api.run("SELECT 1", Idempotency_Key="k")
    replayed = api.create("SELECT 1", Idempotency_Key="k").json()
    assert (replayed["id"], replayed["status"]) == (first["id"], "succeeded")
    assert replayed["result"]["file"]["size"] == "8"
    assert api.counts()["idempotency"] == {"keys": 1, "replays": 1, "max_executions_per_key": 1}


def test_a_replay_needs_no_slot(api: Api) -> None:
    api.control(cap=1)
    statuses = [api.create("SELECT 1 -- sandbox: duration=60", Idempotency_Key="k").status_code for _ in range(2)]
    assert statuses == [200, 200]


def test_a_create_that_met_the_cap_is_executed_when_repeated(api: Api) -> None:
    api.control(cap=0)
    assert api.create(Idempotency_Key="k").status_code == 429
    api.control(cap=1)
    assert api.create(Idempotency_Key="k").status_code == 200
    assert api.counts()["idempotency"]["max_executions_per_key"] == 1


def test_a_create_with_bad_sql_is_judged_again_when_repeated(api: Api) -> None:
    assert [api.create("SELEC", Idempotency_Key="k").status_code for _ in range(2)] == [400, 400]


@pytest.mark.parametrize("other", [{"sql": "SELECT 2"}, {"sql": "SELECT 1", "compress": True}])
def test_a_key_with_other_parameters_is_refused(api: Api, other: dict[str, Any]) -> None:
    api.create("SELECT 1", Idempotency_Key="k")
    answer = api.create(**other, Idempotency_Key="k")
    assert (answer.status_code, error_of(answer)["code"], error_of(answer)["type"]) == (
        409, "idempotency_error", "idempotency_error",
    )  # fmt: skip


def test_parameters_belong_to_a_key_even_when_its_first_use_failed(api: Api) -> None:
    api.create("SELEC", Idempotency_Key="k")
    assert api.create("SELECT 1", Idempotency_Key="k").status_code == 409


def test_a_key_means_something_else_on_another_account_or_mode(api: Api) -> None:
    callers = [
        {},
        {"key": "sk_live_x"},
        {"key": ORGANIZATION_KEY},
        {"key": ORGANIZATION_KEY, "Stripe_Context": "acct_sandbox0002"},
    ]
    ids = {api.create(Idempotency_Key="k", **caller).json()["id"] for caller in callers}
    assert len(ids) == 4


def test_another_api_key_of_the_same_account_replays_too(api: Api) -> None:
    ids = {api.create(Idempotency_Key="k", key=key).json()["id"] for key in ("sk_test_a", "sk_test_b")}
    assert len(ids) == 1


def test_without_a_key_every_create_executes(api: Api) -> None:
    assert len({api.create().json()["id"] for _ in range(3)}) == 3


def test_a_key_can_be_ignored(api: Api) -> None:
    api.control(idempotency_keys="ignored")
    answers = [api.create(sql, Idempotency_Key="k") for sql in ("SELECT 1", "SELECT 1", "SELECT 2")]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.json()["id"] for answer in answers}) == 3


def test_a_key_has_at_most_255_characters(api: Api) -> None:
    assert [api.create(Idempotency_Key="k" * n).status_code for n in (255, 256)] == [200, 400]


def test_a_key_is_forgotten_after_the_window(api: Api) -> None:
    api.control(idempotency_window_s=1e-9)
    ids = {api.create(Idempotency_Key="k").json()["id"] for _ in range(2)}
    assert len(ids) == 2
    assert api.counts()["idempotency"]["max_executions_per_key"] == 2


@pytest.mark.parametrize("race", list(IdempotencyRace))
def test_one_key_many_times_at_once_executes_once(api: Api, race: IdempotencyRace) -> None:
    api.control(idempotency_race=race.value)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: api.create("SELECT 1", Idempotency_Key="k"), range(24)))
    ids = {answer.json()["id"] for answer in answers if answer.status_code == 200}
    conflicts = {error_of(answer)["code"] for answer in answers if answer.status_code != 200}
    assert len(ids) == 1
    assert conflicts <= ({"idempotency_conflict"} if race is IdempotencyRace.CONFLICT else set())
    assert api.counts()["scopes"]["acct_sandbox0001:test"]["created"] == 1


async def _overlap(race: IdempotencyRace) -> list[str]:
    """Two requests with one key, the second beginning while the first is inside; returns what each met."""
    book, inside, release, met = IdempotencyBook(), asyncio.Event(), asyncio.Event(), []

    async def request(name: str) -> None:
        try:
            async with book.turn(("k",), "same", window_s=60, race=race) as turn:
                met.append(f"{name} {'replays' if turn.replayed else 'executes'}")
                inside.set()
                await release.wait()
                turn.run_id = "qryrun_1"
        except ApiError as error:
            met.append(f"{name} {error.code}")

    first = asyncio.create_task(request("first"))
    await inside.wait()
    second = asyncio.create_task(request("second"))
    await asyncio.sleep(0)  # lets the second meet the first inside
    release.set()
    await asyncio.gather(first, second)
    return met


def test_the_second_of_two_simultaneous_requests_gets_a_conflict() -> None:
    assert asyncio.run(_overlap(IdempotencyRace.CONFLICT)) == ["first executes", "second idempotency_conflict"]


def test_the_second_of_two_simultaneous_requests_can_wait_instead() -> None:
    assert asyncio.run(_overlap(IdempotencyRace.WAIT)) == ["first executes", "second replays"]


def test_a_key_lives_for_the_window_and_not_a_second_longer() -> None:
    now_s = 0.0
    book = IdempotencyBook(clock=lambda: now_s)

    async def replayed() -> bool:
        async with book.turn(("k",), "f", window_s=30 * 86400, race=IdempotencyRace.WAIT) as turn:
            turn.run_id = turn.run_id or "qryrun_1"
            return turn.replayed

    seen = []
    for moment_s in (0, 30 * 86400 - 1, 30 * 86400):
        now_s = float(moment_s)
        seen.append(asyncio.run(replayed()))
    assert seen == [False, True, False]
