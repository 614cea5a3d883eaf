"""Parts appear beside where the whole would be, with where they come from, and none before all of them can."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forebay.landing.manifest import read_manifest
from forebay.scheduler.batches.landed import summed
from forebay.scheduler.closing.publishing import Publishing, discard_parts
from forebay.scheduler.splitting.cuttable import Cuttable
from forebay.scheduler.splitting.part_results import landed_parts
from forebay.scheduler.splitting.splitter import Cut
from forebay.store.errors import NotFound, Unavailable
from forebay.store.local import LocalStore
from tests.scheduler.splitting.scene import DAY, FEES, Scene, too_big_above
from tests.worker.conftest import LANE, FileHost, World

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Broken(LocalStore):
    """Copies once, and never again."""

    copied = 0

    def copy(self, source: str, target: str) -> None:
        if self.copied:
            raise Unavailable(target)
        self.copied += 1
        super().copy(source, target)


@pytest.fixture
def landed(world: World, file_host: FileHost) -> tuple[Scene, Cut]:
    scene = Scene(world, file_host, too_big_above(12))
    scene.cut()
    scene.stripe.run_everything()
    return scene, scene.cut()


def publish(landed: tuple[Scene, Cut], store: LocalStore) -> None:
    scene, cut = landed
    run = Cuttable.of(scene.batch, LANE, 0, scene.item)
    assert run and cut.parts
    results = landed_parts(scene.world.rt.ledger, store, run, cut.parts)
    Publishing(store, scene.batch, scene.batch.write, lambda: None, at=NOW).publish_parts(f"{FEES}/fees", results)


def visible(store: LocalStore) -> list[str]:
    return sorted(key for key in store.list(f"{FEES}/") if key.endswith(".manifest.json"))


@pytest.fixture
def store(landed: tuple[Scene, Cut]) -> LocalStore:
    return LocalStore(Path(landed[0].world.destination))


def test_before_they_are_published_parts_are_in_quarantine_only(landed: tuple[Scene, Cut], store: LocalStore) -> None:
    parts = landed[1].parts
    assert parts
    assert list(store.list(f"{FEES}/")) == []
    assert list(store.list(f"{parts.id}/")) == []
    assert len(list(store.list(f"_quarantine/{parts.id}/"))) == 4


def test_each_part_is_published_with_its_window_its_run_and_the_time_that_it_saw(
    landed: tuple[Scene, Cut], store: LocalStore
) -> None:
    publish(landed, store)
    assert visible(store) == [f"{FEES}/fees.part-01.manifest.json", f"{FEES}/fees.part-02.manifest.json"]
    first = read_manifest(store, f"{FEES}/fees.part-01")
    second = read_manifest(store, f"{FEES}/fees.part-02")
    parts = landed[1].parts
    assert first and second and first.part and second.part and parts
    assert (first.batch, first.run, first.name) == (FEES, f"{FEES}/0", "fees")
    assert (first.part.number, second.part.number, first.part.of) == (1, 2, 2)
    assert (first.part.start, first.part.end, second.part.end) == (DAY.start, second.part.start, DAY.end)
    assert first.part.batch == second.part.batch == parts.id
    assert first.query_run != second.query_run
    assert first.submitted_at and first.landed_at
    assert store.get(first.object.key) == store.get(f"_quarantine/{parts.id}/fees.part-01.csv") == b"n\n1\n2\n"
    assert first.object.url == store.url_of(f"{FEES}/fees.part-01.csv")


def test_publishing_again_changes_nothing(landed: tuple[Scene, Cut], store: LocalStore) -> None:
    publish(landed, store)
    before = {key: store.get(key) for key in store.list(f"{FEES}/")}
    publish(landed, store)
    assert {key: store.get(key) for key in store.list(f"{FEES}/")} == before


def test_no_part_exists_while_one_of_them_cannot_be_published(landed: tuple[Scene, Cut], store: LocalStore) -> None:
    with pytest.raises(Unavailable):
        publish(landed, Broken(Path(landed[0].world.destination)))
    assert visible(store) == []
    publish(landed, store)
    assert len(visible(store)) == 2


def test_a_part_that_is_gone_is_an_error_and_nothing_is_published(landed: tuple[Scene, Cut], store: LocalStore) -> None:
    parts = landed[1].parts
    assert parts
    store.delete(f"_quarantine/{parts.id}/fees.part-02.manifest.json")
    with pytest.raises(NotFound):
        publish(landed, store)
    assert visible(store) == []


def test_the_manifest_of_a_whole_result_says_that_it_is_no_part(world: World, file_host: FileHost) -> None:
    scene = Scene(world, file_host, lambda _: None)
    store = LocalStore(Path(world.destination))
    manifest = json.loads(store.get(f"{FEES}/fees.manifest.json"))
    assert manifest["part"] is None and manifest["run"] == f"{scene.batch.id}/0"


def test_what_is_left_of_parts_in_quarantine_can_be_discarded_and_they_are_still_found(
    landed: tuple[Scene, Cut], store: LocalStore
) -> None:
    publish(landed, store)
    scene, cut = landed
    assert cut.run and cut.parts
    discard_parts(store, cut.run, lambda: None)
    assert list(store.list("_quarantine/")) == []
    results = landed_parts(scene.world.rt.ledger, store, cut.run, cut.parts)
    assert [part.here.object.key for part in results] == [f"{FEES}/fees.part-01.csv", f"{FEES}/fees.part-02.csv"]
    publish(landed, store)  # finds nothing more to do


def test_parts_that_redis_forgot_are_not_run_again_once_they_are_published(
    landed: tuple[Scene, Cut], store: LocalStore
) -> None:
    publish(landed, store)
    scene, cut = landed
    scene.world.rt.redis.flushall()
    assert scene.cut() == cut
    scene.stripe.run_everything()
    assert len(scene.stripe.created) == 3


def test_parts_sum_up_to_the_whole(landed: tuple[Scene, Cut], store: LocalStore) -> None:
    scene, cut = landed
    assert cut.run and cut.parts
    results = landed_parts(scene.world.rt.ledger, store, cut.run, cut.parts)
    whole = summed([part.here for part in results])
    assert (whole.csv.records, whole.csv.bytes, whole.csv.columns) == (4, 12, ("n",))
    assert whole.object.bytes == 12
    with pytest.raises(ValueError):
        summed([])
