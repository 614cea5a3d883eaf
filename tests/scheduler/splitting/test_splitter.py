"""A run that hit a wall becomes a batch of parts, once; the parts hold what the whole would have held."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from forebay.governor.deployment.closing_queue import AT_ONCE, ClosingQueue
from forebay.landing.manifest import CsvPart, Manifest, ObjectPart, WindowPart, write_manifest
from forebay.scheduler.batches.budgets import taken
from forebay.scheduler.errors import BudgetExceeded
from forebay.scheduler.splitting.cuttable import Cuttable
from forebay.scheduler.splitting.splitter import Cut, Stand
from forebay.store.ledger.batch_policy import Policy, RunsFrom, Span
from forebay.store.ledger.records import Batch, Item
from tests.scheduler.splitting.scene import BOUNDS, DAY, FEES, TEXT, Scene, hours, split, too_big_above, window_of
from tests.scheduler.splitting.stripe import Stripe
from tests.store.batch_ids import batch_ids
from tests.worker.conftest import LANE, FileHost, World


def message(cut: Cut) -> str:
    assert cut.failure
    return cut.failure.message


@pytest.fixture
def scene(world: World, file_host: FileHost) -> Scene:
    """A day is too big, and half a day is not."""
    return Scene(world, file_host, too_big_above(12))


def test_a_window_over_the_limit_becomes_a_batch_of_parts_that_tile_it(scene: Scene) -> None:
    cut = scene.cut()
    assert cut.stand is Stand.WAITING
    assert cut.parts and cut.parts.id.startswith(f"{FEES}.split-")
    items = scene.parts(cut)
    assert [item.name for item in items] == ["fees.part-01", "fees.part-02"]
    assert [hours(item.sql) for item in items] == [12, 12]
    assert window_of(items[0].sql).end == window_of(items[1].sql).start
    assert (window_of(items[0].sql).start, window_of(items[1].sql).end) == (DAY.start, DAY.end)


def test_parts_are_served_as_their_batch_was_and_wait_in_quarantine_for_it(scene: Scene) -> None:
    parts = scene.cut().parts
    assert parts and parts.policy
    assert (parts.standing.flow_class, parts.standing.weight) == ("backfill", 3.0)
    assert parts.policy.part_of == f"{FEES}/{LANE}/0"
    assert parts.policy.quarantined and parts.policy.split is None and not parts.policy.canary


def test_parts_land_in_the_format_of_their_batch(world: World, file_host: FileHost) -> None:
    scene = Scene(world, file_host, too_big_above(12), result_format="zip")
    parts = scene.cut().parts
    assert parts and parts.result_format == "zip"

    scene.stripe.run_everything()

    assert scene.cut().stand is Stand.LANDED
    stored = [path.name for path in world.destination.rglob("fees.part-*.csv*")]
    assert sorted(stored) == ["fees.part-01.csv.zip", "fees.part-02.csv.zip"]


def test_columns_of_parts_are_those_of_their_whole(world: World, file_host: FileHost) -> None:
    scene = Scene(world, file_host, too_big_above(12), result_format="parquet", columns={"n": "bigint"}, nulls="never")

    parts = scene.cut().parts

    assert parts and (parts.result_format, parts.column_types, parts.nulls) == ("parquet", {"n": "bigint"}, "never")


def test_looking_again_makes_nothing_new(scene: Scene) -> None:
    first = scene.cut()
    assert scene.cut() == first
    scene.stripe.run_everything()
    assert scene.cut() == scene.cut() == replace(first, stand=Stand.LANDED)
    assert len(scene.stripe.created) == 3
    assert len(list(batch_ids(scene.world.rt.ledger))) == 2


def test_a_crash_between_ledger_and_redis_is_made_good_by_the_next_look(scene: Scene) -> None:
    parts = scene.cut().parts
    assert parts
    for key in scene.world.rt.redis.scan_iter(f"*{parts.id}*"):
        scene.world.rt.redis.delete(key)
    assert scene.cut().stand is Stand.WAITING
    assert scene.world.view.flow(LANE, parts.id) is not None


def test_a_part_that_hits_the_wall_has_the_whole_cut_again_into_twice_as_many(
    world: World, file_host: FileHost
) -> None:
    scene = Scene(world, file_host, too_big_above(5))
    counts = []
    while (cut := scene.cut()).stand is Stand.WAITING:
        counts.append(len(scene.parts(cut)))
        scene.stripe.run_everything()
    assert counts == [2, 4, 8]
    assert cut.stand is Stand.LANDED
    assert len(scene.parts(cut)) == 8


def test_what_history_wants_cut_is_cut_before_anything_is_sent(world: World, file_host: FileHost) -> None:
    scene = Scene(world, file_host, too_big_above(0), parts=8)
    assert scene.stripe.created == []
    cut = scene.cut()
    assert (cut.stand, len(scene.parts(cut))) == (Stand.WAITING, 8)
    scene.stripe.run_everything()
    assert [hours(sql) for sql in scene.stripe.created] == [3] * 8


def test_parts_that_history_thought_small_enough_may_be_cut_again(world: World, file_host: FileHost) -> None:
    scene = Scene(world, file_host, too_big_above(2), parts=8)
    while (cut := scene.cut()).stand is Stand.WAITING:
        scene.stripe.run_everything()
    assert (cut.stand, len(scene.parts(cut))) == (Stand.LANDED, 24)


def test_a_batch_that_is_canceled_before_its_run_was_cut_makes_no_parts(world: World, file_host: FileHost) -> None:
    scene = Scene(world, file_host, too_big_above(0), parts=8)
    world.steering.cancel(FEES)
    assert scene.cut().stand is Stand.CANCELED
    assert list(batch_ids(world.rt.ledger)) == [FEES]


def test_history_says_with_how_many_parts_to_begin(world: World, file_host: FileHost) -> None:
    scene = Scene(world, file_host, too_big_above(12))
    the_day_before(scene, gigabytes=(4, 4, 4))
    assert len(scene.parts(scene.cut())) == 8, "the first cut into at least five"
    # Another opinion of how many there should be does not cut again what was cut.
    the_day_before(scene, gigabytes=(1, 1, 1))
    assert len(scene.parts(scene.cut())) == 8


def test_a_past_that_cannot_be_read_keeps_nothing_from_being_cut(world: World, file_host: FileHost) -> None:
    scene = Scene(world, file_host, too_big_above(12))
    the_day_before(scene, gigabytes=(4, 4, 4))
    store = scene.world.rt.store(scene.batch.output)
    store.put("fees.20260309T0000Z-20260310T0000Z/fees.part-01.manifest.json", b"no manifest")
    assert len(scene.parts(scene.cut())) == 2


def the_day_before(scene: Scene, gigabytes: Sequence[int]) -> None:
    """The window before landed in parts of these sizes."""
    window = Span(start=DAY.start - timedelta(days=1), end=DAY.start)
    rt = scene.world.rt
    policy = Policy(definition="fees", kind="extract", spec_sha256="0" * 64, window=window)
    batch = scene.world.submit([scene.item], "fees.20260309T0000Z-20260310T0000Z", policy=policy)
    store, here = rt.store(batch.output), f"{batch.id}/fees"
    for number, size in enumerate(gigabytes, start=1):
        stem = f"{here}.part-{number:02d}"
        part = WindowPart(number=number, of=len(gigabytes), start=window.start, end=window.end, batch="x")
        stored = ObjectPart(key=f"{stem}.csv.zip", url="file:///x", format="csv.zip", bytes=size * 10**9, sha256="0")
        csv = CsvPart(bytes=size * 10**10, sha256="0", records=1, columns=("id",))
        write_manifest(store, stem, manifest_of(batch, stored, csv, part))


def manifest_of(batch: Batch, stored: ObjectPart, csv: CsvPart, part: WindowPart) -> Manifest:
    return Manifest(
        batch=batch.id,
        lane=LANE,
        run=f"{batch.id}/0",
        name="fees",
        account=None,
        attempt=0,
        query_run="qryrun_9",
        sql_sha256="0",
        object=stored,
        csv=csv,
        compress=True,
        submitted_at=DAY.start,
        ended_at=DAY.start + timedelta(minutes=5),
        landed_at=DAY.start + timedelta(minutes=6),
        livemode=False,
        api_version="2026-04-22.preview",
        request_ids=(),
        part=part,
    )


def test_it_ends_where_the_rule_allows_no_more_parts(world: World, file_host: FileHost) -> None:
    scene = Scene(world, file_host, lambda _: "file_size_above_limit", split(min="6h"))
    while (cut := scene.cut()).stand is Stand.WAITING:
        scene.stripe.run_everything()
    assert cut.stand is Stand.FAILED
    assert "one of 4 parts" in message(cut) and "allows 24, of 6h or more" in message(cut)
    assert len(scene.stripe.created) == 1 + 2 + 4


def test_a_window_that_is_too_short_to_be_cut_fails_with_the_reason(world: World, file_host: FileHost) -> None:
    scene = Scene(world, file_host, lambda _: "file_size_above_limit", split(min="1d"))
    cut = scene.cut()
    assert (cut.stand, cut.parts) == (Stand.FAILED, None)
    assert "Its window cannot be cut" in message(cut)


def test_a_part_that_fails_for_another_reason_fails_the_whole_and_says_where(world: World, file_host: FileHost) -> None:
    def judge(sql: str) -> str | None:
        if hours(sql) == 24:
            return "file_size_above_limit"
        return None if window_of(sql).start == DAY.start else "query_run_invalid_sql"

    scene = Scene(world, file_host, judge)
    parts = scene.cut().parts
    scene.stripe.run_everything()
    cut = scene.cut()
    assert parts and cut.stand is Stand.FAILED
    assert "1 of its 2 parts" in message(cut) and parts.id in message(cut) and "It broke." in message(cut)


def test_parts_that_were_canceled_are_no_result(scene: Scene) -> None:
    parts = scene.cut().parts
    assert parts
    scene.world.steering.cancel(parts.id)
    scene.stripe.run_everything()
    assert scene.cut().stand is Stand.FAILED


@pytest.mark.parametrize("code", ["query_run_invalid_sql", "file_size_above_limit"])
def test_other_failures_and_other_batches_are_left_alone(world: World, file_host: FileHost, code: str) -> None:
    splitting = split() if code == "query_run_invalid_sql" else split(texts={"other": TEXT})
    scene = Scene(world, file_host, lambda _: code, splitting)
    assert scene.cut() == Cut(stand=Stand.WHOLE)
    assert list(batch_ids(world.rt.ledger)) == [FEES]


def test_parts_have_the_parameters_and_the_account_of_their_item(world: World, file_host: FileHost) -> None:
    text = f"{TEXT} AND currency = {{{{ params.currency }}}} AND account = {{{{ account }}}}"
    splitting = split(texts={"fees": text}, values={"fees": {"currency": "o'eur"}})
    scene = Scene.__new__(Scene)
    scene.world, scene.stripe = world, Stripe(world, file_host, too_big_above(12))
    sql = text.replace("{{ window.start }}", "TIMESTAMP '2026-03-10 00:00:00'")
    sql = sql.replace("{{ window.end }}", "TIMESTAMP '2026-03-11 00:00:00'")
    sql = sql.replace("{{ params.currency }}", "'o''eur'").replace("{{ account }}", "'acct_1'")
    scene.item = Item(name="fees", sql=sql, account="acct_1")
    scene.batch = scene.submit(splitting)
    scene.stripe.run_everything()
    first, second = scene.parts(scene.cut())
    assert first.account == second.account == "acct_1"
    assert first.sql.endswith(" AND currency = 'o''eur' AND account = 'acct_1'")
    # Both together ask what the whole asked.
    assert BOUNDS.sub("", first.sql) == BOUNDS.sub("", second.sql) == BOUNDS.sub("", sql)


def test_a_query_that_cannot_be_cut_soundly_is_not_cut_though_nobody_validated_it(
    world: World, file_host: FileHost
) -> None:
    scene = Scene(world, file_host, too_big_above(12), split(texts={"fees": f"{TEXT} LIMIT 5"}))
    cut = scene.cut()
    assert (cut.stand, cut.parts) == (Stand.FAILED, None)
    assert "it has LIMIT" in message(cut)


def test_a_canceled_batch_cancels_its_parts(scene: Scene) -> None:
    parts = scene.cut().parts
    assert parts
    scene.world.steering.cancel(FEES)
    assert scene.world.rt.ledger.canceled_at(parts.id)


def test_parts_that_are_retried_open_the_batch_that_they_belong_to_again(scene: Scene) -> None:
    parts = scene.cut().parts
    assert parts
    scene.stripe.run_everything()
    closing_queue = ClosingQueue(scene.world.rt.redis)
    assert closing_queue.all() == [FEES], "parts are looked after by the closing of the whole"
    closing_queue.remove(FEES, AT_ONCE)
    scene.world.retrier.retry(parts.id)
    assert closing_queue.all() == [FEES]


def test_parts_wait_for_another_day_where_their_definition_has_no_runs_left(
    world: World, file_host: FileHost, today: datetime
) -> None:
    scene = Scene(world, file_host, too_big_above(12), runs_per_day=2)
    spent, day = world.rt.ledger.spent, today.date()
    other = spent.claim("fees", day, "another", 1)

    with pytest.raises(BudgetExceeded, match="takes 2 runs, 1 of today"):
        scene.cut()
    assert len(list(batch_ids(world.rt.ledger))) == 1

    spent.take_back(other)
    assert scene.cut().stand is Stand.WAITING
    assert taken(spent, ["fees"], day) == 2
    assert scene.cut().stand is Stand.WAITING, "looking again takes nothing more"


def test_parts_count_where_nobody_bounds_them_too(world: World, file_host: FileHost, today: datetime) -> None:
    scene = Scene(world, file_host, too_big_above(12))
    assert scene.cut().stand is Stand.WAITING
    assert taken(world.rt.ledger.spent, ["fees"], today.date()) == 2


def test_parts_are_bounded_on_each_day_as_their_whole_is(world: World, file_host: FileHost, today: datetime) -> None:
    Scene(world, file_host, too_big_above(12))
    day, ledger = today.date(), world.rt.ledger
    bounds = {"runs_per_day": 2, "accepted_on": day, "runs_on_other_days": (RunsFrom(since=day, runs=7),)}
    batch = ledger.batch(FEES)
    assert batch.policy
    bounded = replace(batch, policy=batch.policy.model_copy(update=bounds))

    run = Cuttable.of(bounded, LANE, 0, ledger.item(FEES, LANE, 0))

    assert run
    assert [run.parts_policy().runs_on(day + timedelta(days=ahead)) for ahead in (0, 1)] == [2, 7]
