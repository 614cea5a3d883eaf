"""What beat's looks do, with a real ledger and Valkey."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis

from governor.keys import BATCHES
from scheduler.batches import Batches
from scheduler.notify import Message
from scheduler.rounds import Rounds
from store.ledger import Ledger
from store.local import LocalStore
from store.marks import Marks
from store.policy import Notify
from tests.scheduler.spec import config_of
from tests.worker.conftest import World

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


def rounds(
    world: World,
    folder: Path,
    schedule: str,
    told: list[Message] | None = None,
    more: str = "",
    sql: str = "SELECT 1",
    client: redis.Redis | None = None,
) -> Rounds:
    config = config_of(
        folder,
        f"extracts:\n  fees: {{sql: {sql}, window: {{every: 1d, start: 2026-10-01}}, "
        f"schedule: {{{schedule}}}{more}}}\n",
    )
    ledger = world.rt.ledger

    def tell(_: Notify, message: Message) -> None:
        if told is not None:
            told.append(message)

    return Rounds(
        config, ledger, Marks(LocalStore(folder / "marks")), Batches(ledger, client or world.rt.redis, config), tell
    )


def ids(ledger: Ledger) -> list[str]:
    return list(ledger.ids_like("fees."))


def test_beats_that_look_at_once_submit_each_window_once(world: World, tmp_path: Path) -> None:
    beats = [rounds(world, tmp_path, "when: at_end, catch_up: all, overlap: allow") for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        looks = list(threads.map(lambda beat: beat.look("fees", NOON), beats))

    assert [look.said for look in looks] == [None] * 4
    assert len(ids(world.rt.ledger)) == 4
    assert beats[0].look("fees", NOON).submitted == ()
    assert beats[0].look("fees", NOON - timedelta(days=1)).submitted == ()


def test_a_spent_budget_is_said_and_tried_again(world: World, tmp_path: Path) -> None:
    beat = rounds(world, tmp_path, "when: at_end, catch_up: all, overlap: allow", more=", budget: {runs_per_day: 1}")
    look = beat.look("fees", NOON)

    assert len(look.submitted) == 1 and look.said and "runs_per_day" in look.said and look.look_again > NOON


def test_of_several_beats_one_tells_that_a_window_is_late(world: World, tmp_path: Path) -> None:
    told: list[Message] = []
    more = ", notify: {command: ['true'], on: [late]}"
    beats = [rounds(world, tmp_path, "when: at_end, catch_up: none, late_after: 1h", told, more) for _ in range(2)]
    beats[0].look("fees", NOON - timedelta(days=1))  # the extract is known since then
    told.clear()
    for beat in beats:
        beat.look("fees", NOON)

    assert [message.subject for message in told] == ["extract fees: window 2026-10-04 is late"]


def test_after_a_day_without_beat_the_policy_says_what_is_caught_up(world: World, tmp_path: Path) -> None:
    beat = rounds(world, tmp_path, "when: at_end, catch_up: none, overlap: allow")
    beat.look("fees", NOON - timedelta(days=2))
    beat.look("fees", NOON)

    assert ids(world.rt.ledger) == [
        "fees.20261002T0000Z-20261003T0000Z",
        "fees.20261004T0000Z-20261005T0000Z",
    ]


def test_a_window_that_runs_is_seen_although_it_is_watched_no_more(world: World, tmp_path: Path) -> None:
    beat = rounds(world, tmp_path, "when: at_end, catch_up: none, overlap: queue")
    beat.look("fees", NOON - timedelta(days=2))

    assert beat.look("fees", NOON).submitted == ()


def test_what_cannot_be_expanded_is_said_and_people_hear_that_it_is_late(world: World, tmp_path: Path) -> None:
    told: list[Message] = []
    more = ", notify: {command: ['true']}"
    beat = rounds(world, tmp_path, "when: at_end, late_after: 1h", told, more, "'SELECT {{ params.gone }}'")
    beat.look("fees", NOON - timedelta(days=1))
    told.clear()
    look = beat.look("fees", NOON)

    assert look.said and "gone" in look.said and ids(world.rt.ledger) == []
    assert [message.subject for message in told] == ["extract fees: window 2026-10-04 is late"]


def test_what_redis_did_not_take_is_opened_at_the_next_look(world: World, tmp_path: Path) -> None:
    client = redis.Redis(port=1, decode_responses=True)
    beat = rounds(world, tmp_path, "when: at_end, catch_up: none", client=client)
    look = beat.look("fees", NOON)
    assert look.submitted == () and look.said and "Redis failed" in look.said
    assert world.rt.redis.zcard(BATCHES) == 0

    client.connection_pool = world.rt.redis.connection_pool  # it is back
    assert beat.look("fees", look.look_again).submitted == tuple(ids(world.rt.ledger))
    assert world.rt.redis.zcard(BATCHES) == 1
