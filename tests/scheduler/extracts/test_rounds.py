"""What beat's rounds do, with a real ledger and Valkey."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forebay.config.connections import Connection
from forebay.config.stripe import Api
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.deployment.seen_data import SeenData
from forebay.governor.keys import BATCHES
from forebay.governor.redis_client import Client, connect
from forebay.landing.manifest import SUFFIX
from forebay.landing.result_paths import batch_folder
from forebay.queryrun.lists.schemas_page import Column, Table
from forebay.scheduler.batches.budgets import taken
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.submitting import Submitter
from forebay.scheduler.definitions.expand import AS_WRITTEN, Wanted
from forebay.scheduler.extracts.ready import QUESTION, Ready
from forebay.scheduler.extracts.rounds import Rounds, RoundServices
from forebay.scheduler.notify import Message
from forebay.scheduler.sql.catalog import Catalog, Catalogs
from forebay.scheduler.sql.data_times import DataTimes, Fetch
from forebay.store.errors import Unavailable
from forebay.store.interface import Store
from forebay.store.ledger.batch_policy import Notify
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks
from forebay.store.ledger.records import ExtractPause
from forebay.store.local import LocalStore
from tests.deaths.mortal import Death, MortalRedis, mortal_store
from tests.scheduler.extracts.test_ready import answer
from tests.scheduler.extracts.untold import untold
from tests.scheduler.spec import config_of
from tests.store.batch_ids import batch_ids
from tests.worker.conftest import World

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


def rounds(
    world: World,
    folder: Path,
    schedule: str,
    told: list[Message] | None = None,
    more: str = "",
    sql: str = "SELECT 1",
    client: Client | None = None,
    death: Death | None = None,
    name: str = "fees",
    former: str = "",
    wanted: Wanted = AS_WRITTEN,
    fetch: Fetch = untold,
    tables_tell_data: bool = False,
) -> Rounds:
    """Makes the rounds of a beat; with a death, of one that may die."""
    more += f", renamed_from: {former}" if former else ""
    config = config_of(
        folder,
        f"extracts:\n  {name}: {{sql: {sql}, window: {{every: 1d, start: 2026-10-01}}, "
        f"schedule: {{{schedule}}}{more}}}\n",
    )
    told_by_tables = {each: replace(one, tables_tell_data=tables_tell_data) for each, one in config.connections.items()}
    config = replace(config, connections=told_by_tables)
    death = death or Death()
    redis_client = client or MortalRedis(world.rt.redis, death)
    ledger = Ledger(mortal_store(LocalStore(world.destination.parent / "ledger"), death))

    def store(url: str) -> Store:
        return mortal_store(world.rt.store(url), death)

    reconciler = Reconciler(ledger, redis_client, config, store)
    submitter = Submitter(ledger, redis_client, reconciler)

    def tell(_: Notify, message: Message) -> None:
        if told is not None:
            death.pass_by("tell people", lambda: told.append(message), lambda: Unavailable("it died"), changes=True)

    probes = str(folder / "probes")
    services = RoundServices(
        config=config,
        ledger=ledger,
        marks=Marks(mortal_store(LocalStore(folder / "marks"), death), {name: (former,)} if former else None),
        submitter=submitter,
        closing_queue=ClosingQueue(redis_client),
        ready=Ready(ledger, submitter, store(probes), probes),
        times=DataTimes(Catalogs(mortal_store(LocalStore(folder / "catalogs"), death)), fetch),
        seen=SeenData(redis_client),
        wanted=wanted,
        tell=tell,
        restore=reconciler.bring_back,
    )
    return Rounds(services)


def ids(ledger: Ledger) -> list[str]:
    return list(ledger.names.like("fees."))


def test_beats_whose_rounds_meet_submit_each_window_once(world: World, tmp_path: Path) -> None:
    beats = [rounds(world, tmp_path, "when: at_end, catch_up: all, overlap: allow") for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda beat: beat.make("fees", NOON), beats))

    assert [one.problem for one in made] == [None] * 4
    assert len(ids(world.rt.ledger)) == 4
    assert beats[0].make("fees", NOON).submitted == ()
    assert beats[0].make("fees", NOON - timedelta(days=1)).submitted == ()


def test_a_spent_budget_is_said_and_tried_again(world: World, tmp_path: Path) -> None:
    beat = rounds(world, tmp_path, "when: at_end, catch_up: all, overlap: allow", more=", budget: {runs_per_day: 1}")
    made = beat.make("fees", NOON)

    assert len(made.submitted) == 1 and made.problem and "runs_per_day" in made.problem and made.next_at > NOON


def test_a_select_without_the_columns_that_are_checked_for_is_a_problem_and_spends_nothing(
    world: World, tmp_path: Path
) -> None:
    wanted = Wanted(check_columns=True)
    more = ", checks: {columns: [id]}"
    made = rounds(world, tmp_path, "when: at_end", more=more, sql="SELECT 1 AS x", wanted=wanted).make("fees", NOON)

    assert made.submitted == () and made.problem and "fees checks for columns id" in made.problem
    assert ids(world.rt.ledger) == []


def test_of_several_beats_one_tells_that_a_window_is_late(world: World, tmp_path: Path) -> None:
    told: list[Message] = []
    more = ", notify: {command: ['true'], on: [late]}"
    beats = [rounds(world, tmp_path, "when: at_end, catch_up: none, late_after: 1h", told, more) for _ in range(2)]
    beats[0].make("fees", NOON - timedelta(days=1))  # the extract is known since then
    told.clear()
    for beat in beats:
        beat.make("fees", NOON)

    assert [message.subject for message in told] == ["extract fees: window 2026-10-04 is late"]


def test_after_a_day_without_beat_the_policy_says_what_is_caught_up(world: World, tmp_path: Path) -> None:
    beat = rounds(world, tmp_path, "when: at_end, catch_up: none, overlap: allow")
    beat.make("fees", NOON - timedelta(days=2))
    beat.make("fees", NOON)

    assert ids(world.rt.ledger) == [
        "fees.20261002T0000Z-20261003T0000Z",
        "fees.20261004T0000Z-20261005T0000Z",
    ]


def test_a_window_that_runs_is_seen_although_it_is_watched_no_more(world: World, tmp_path: Path) -> None:
    beat = rounds(world, tmp_path, "when: at_end, catch_up: none, overlap: queue")
    beat.make("fees", NOON - timedelta(days=2))

    assert beat.make("fees", NOON).submitted == ()


def test_what_cannot_be_expanded_is_said_and_people_hear_that_it_is_late(world: World, tmp_path: Path) -> None:
    told: list[Message] = []
    more = ", notify: {command: ['true']}"
    beat = rounds(world, tmp_path, "when: at_end, late_after: 1h", told, more, "'SELECT {{ params.gone }}'")
    beat.make("fees", NOON - timedelta(days=1))
    told.clear()
    made = beat.make("fees", NOON)

    assert made.problem and "gone" in made.problem and ids(world.rt.ledger) == []
    assert [message.subject for message in told] == ["extract fees: window 2026-10-04 is late"]


def test_what_redis_did_not_take_is_brought_there_by_any_beat(world: World, tmp_path: Path) -> None:
    gone = connect("redis://127.0.0.1:1")
    made = rounds(world, tmp_path, "when: at_end, catch_up: none", client=gone).make("fees", NOON)
    assert made.submitted == () and made.problem and "Redis failed" in made.problem
    assert world.rt.redis.zcard(BATCHES) == 0

    other = rounds(world, tmp_path, "when: at_end, catch_up: none")
    other.make("fees", made.next_at)
    (batch,) = ids(world.rt.ledger)
    assert world.rt.redis.zrange(BATCHES, 0, -1) == [batch]
    assert ClosingQueue(world.rt.redis).all() == [batch]


def test_windows_that_redis_has_lost_are_brought_back(world: World, tmp_path: Path) -> None:
    beat = rounds(world, tmp_path, "when: at_end, catch_up: all, overlap: allow")
    beat.make("fees", NOON)
    known = ClosingQueue(world.rt.redis).all()
    world.rt.redis.flushall()

    beat.make("fees", NOON)
    assert sorted(ClosingQueue(world.rt.redis).all()) == sorted(known) == ids(world.rt.ledger)


def test_a_window_with_a_manifest_that_cannot_be_read_is_a_problem_and_no_bug(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where the world keeps what the spec wants in a bucket
    by_batch = ', layout: "{batch}/{name}.{ext}"'
    beat = rounds(world, tmp_path, "when: at_end, catch_up: none", more=by_batch)
    beat.make("fees", NOON)
    (batch,) = map(world.rt.ledger.batch, ids(world.rt.ledger))
    world.rt.store(batch.output).put(f"{batch_folder(batch.id)}fees{SUFFIX}", b"{")
    world.rt.redis.flushall()

    made = beat.make("fees", NOON)

    assert made.problem and f"fees{SUFFIX}" in made.problem


def test_an_extract_that_is_paused_submits_nothing_and_is_late_all_the_same(world: World, tmp_path: Path) -> None:
    told: list[Message] = []
    marks = Marks(LocalStore(tmp_path / "marks"))
    more = ", notify: {command: ['true']}"
    beat = rounds(world, tmp_path, "when: at_end, catch_up: all, overlap: allow, late_after: 1h", told, more)
    marks.first_seen("fees", NOON - timedelta(days=2))
    marks.pause("fees", ExtractPause(at=NOON, reason="the chart of accounts moves"))
    assert beat.make("fees", NOON).submitted == () and ids(world.rt.ledger) == []
    assert [message.subject[-18:] for message in told] == ["2026-10-03 is late", "2026-10-04 is late"]

    marks.resume("fees")
    assert len(beat.make("fees", NOON).submitted) == 4


def test_a_window_that_comes_due_while_another_runs_is_skipped_once(
    world: World, tmp_path: Path, today: datetime
) -> None:
    beat = rounds(world, tmp_path, "when: at_end, catch_up: all, overlap: skip")
    # Accepted today by the real clock; whatever comes due after that is overlapped by it.
    first = beat.make("fees", datetime(2026, 10, 2, 1, tzinfo=UTC))
    assert first.submitted == ("fees.20261001T0000Z-20261002T0000Z",)

    beat.make("fees", today + timedelta(days=2, hours=1))
    skipped = set(Marks(LocalStore(tmp_path / "marks")).all("fees", "skipped"))
    last = today + timedelta(days=1)
    assert f"{last:%Y%m%dT0000Z}-{last + timedelta(days=1):%Y%m%dT0000Z}" in skipped
    assert len(ids(world.rt.ledger)) == 1


def test_data_are_asked_for_once_a_step_and_what_they_allow_runs(world: World, tmp_path: Path) -> None:
    beats = [rounds(world, tmp_path, "when: data_ready, catch_up: all, overlap: allow") for _ in range(2)]
    for beat in beats:
        assert beat.make("fees", NOON).submitted == ()
    assert list(batch_ids(world.rt.ledger)) == ["data-ready.acme.20261005T1200Z"]

    answer(world, "2026-10-03 06:00:00.000")
    assert [*beats[0].make("fees", NOON).submitted, *beats[1].make("fees", NOON).submitted] == [
        "fees.20261001T0000Z-20261002T0000Z",
        "fees.20261002T0000Z-20261003T0000Z",
    ]
    policy = world.rt.ledger.batch("fees.20261001T0000Z-20261002T0000Z").policy
    assert policy and policy.data_loaded_at == datetime(2026, 10, 3, 6, tzinfo=UTC), "manifests tell it"


def test_what_a_run_saw_of_the_data_answers_and_no_run_is_spent_to_ask(world: World, tmp_path: Path) -> None:
    world.rt.seen_data.note("acme", "acct_1", NOON)
    beat = rounds(world, tmp_path, "when: data_ready, catch_up: all, overlap: allow")
    assert beat.make("fees", NOON).submitted == (), "its data may be of another time than those of another account"
    questions = list(world.rt.ledger.names.like(QUESTION))

    world.rt.seen_data.note("acme", None, NOON)
    assert len(beat.make("fees", NOON + timedelta(minutes=30)).submitted) == 4
    assert list(world.rt.ledger.names.like(QUESTION)) == questions


def test_where_stripe_tells_how_fresh_its_tables_are_no_run_is_spent_to_ask(world: World, tmp_path: Path) -> None:
    asked: list[datetime] = []

    def told(connection: Connection, account: str | None, *, now: datetime) -> Catalog:
        asked.append(now)
        columns = (Column(name="id", type="varchar"),)
        times = {"charges": datetime(2026, 10, 3, 6, tzinfo=UTC), "elsewhere": datetime(2026, 9, 1, tzinfo=UTC)}
        tables = tuple(Table(name=name, columns=columns, refreshed_at=time) for name, time in times.items())
        return Catalog(api_base=connection.api_base, account=account, fetched_at=now, tables=tables)

    def beat() -> Rounds:
        schedule = "when: data_ready, catch_up: all, overlap: allow"
        return rounds(world, tmp_path, schedule, sql="SELECT id FROM charges", fetch=told, tables_tell_data=tells)

    tells = False
    assert beat().make("fees", NOON).submitted == ()
    assert (asked, list(world.rt.ledger.names.like(QUESTION))) == ([], ["data-ready.acme.20261005T1200Z"])
    tells = True
    made = beat().make("fees", NOON)

    assert (made.problem, made.submitted) == (
        None,
        ("fees.20261001T0000Z-20261002T0000Z", "fees.20261002T0000Z-20261003T0000Z"),
    )
    policy = world.rt.ledger.batch(made.submitted[0]).policy
    assert policy and policy.data_loaded_at == datetime(2026, 10, 3, 6, tzinfo=UTC), "of the table that it reads"
    assert len(list(world.rt.ledger.names.like(QUESTION))) == 1, "that of before it was known"
    assert asked == [NOON]
    assert beat().make("fees", NOON).submitted == ()


def test_a_window_whose_record_cannot_be_read_is_told_and_the_others_run(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    beat = rounds(world, tmp_path, "when: at_end, catch_up: all, overlap: allow")
    beat.make("fees", NOON - timedelta(days=1))
    broken = ids(world.rt.ledger)[1]
    world.rt.ledger._store.put(f"batches/{broken}/batch.json", b'{"format": 99}')
    world.rt.ledger = Ledger(world.rt.ledger._store)

    made = rounds(world, tmp_path, "when: at_end, catch_up: all, overlap: allow").make("fees", NOON)

    assert (made.problem, made.submitted) == (None, ("fees.20261004T0000Z-20261005T0000Z",))
    assert f"ledger record 'batches/{broken}/batch.json' has format 99" in caplog.text
    assert [batch.id for batch in world.rt.ledger.earlier(made.submitted[0])] == [
        each for each in reversed(ids(world.rt.ledger)[:-1]) if each != broken
    ]


def test_a_beat_goes_on_with_what_an_extract_ran_under_its_former_name(world: World, tmp_path: Path) -> None:
    before = rounds(world, tmp_path, "when: at_end, catch_up: all, overlap: allow")
    before.make("fees", NOON - timedelta(days=1))
    Marks(LocalStore(tmp_path / "marks")).add("fees", "skipped", "20261004T0000Z-20261005T0000Z", NOON)

    after = rounds(world, tmp_path, "when: at_end, catch_up: all, overlap: allow", name="charges", former="fees")
    made = after.make("charges", NOON + timedelta(days=1))

    assert (made.problem, made.submitted) == (None, ("charges.20261005T0000Z-20261006T0000Z",))
    assert [batch.id for batch in world.rt.ledger.earlier(made.submitted[0])] == ids(world.rt.ledger)[::-1]


def test_a_question_is_asked_by_the_generation_that_the_extract_asks_by(world: World, tmp_path: Path) -> None:
    """An account may be enabled for one of them alone, and the refusal of a question stops the whole lane."""
    rounds(world, tmp_path, "when: data_ready, catch_up: none", more=", api: data").make("fees", NOON)

    (question,) = world.rt.ledger.names.like(QUESTION)
    assert world.rt.ledger.batch(question).api is Api.DATA


def test_a_question_counts_where_nobody_bounds_it_too(world: World, tmp_path: Path, today: datetime) -> None:
    beat = rounds(world, tmp_path, "when: data_ready, catch_up: none")

    assert beat.make("fees", NOON).problem is None
    assert taken(world.rt.ledger.spent, ["fees"], today.date()) == 1


def test_a_question_is_a_run_of_the_extract_that_asks_it(world: World, tmp_path: Path, today: datetime) -> None:
    beat = rounds(world, tmp_path, "when: data_ready, catch_up: none", more=", budget: {runs_per_day: 1}")

    assert beat.make("fees", NOON).problem is None
    assert taken(world.rt.ledger.spent, ["fees"], today.date()) == 1
    asked = list(world.rt.ledger.names.like(QUESTION))

    made = beat.make("fees", NOON + timedelta(minutes=30))
    assert (made.problem, list(world.rt.ledger.names.like(QUESTION))) == (None, asked), "there is none left to ask with"
