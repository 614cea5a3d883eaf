"""Runs of batches that share places: a window that runs again replaces what is there, or leaves it alone."""

import pytest

from forebay.config.write_mode import WriteMode
from forebay.governor.states import RunState, Step
from forebay.landing.manifest import read_manifest
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.records import Item
from forebay.store.local import LocalStore
from tests.worker.conftest import BATCH, LANE, FileHost, World, query_run, zipped
from tests.worker.steps.conftest import landed

LAYOUT = "daily/window=2026-10-01/account={account}/{name}"
STEM = "daily/window=2026-10-01/q0"


class Windows:
    """Lands a window time and again."""

    def __init__(self, world: World, file_host: FileHost) -> None:
        self.world, self.file_host = world, file_host
        self.store = LocalStore(world.destination)

    def submit(self, batch: str, write: WriteMode = WriteMode.REPLACE, **more: object) -> None:
        policy = Policy(definition="daily", kind="extract", spec_sha256="0", **more)
        self.world.submit(
            [Item(name="q0", sql="SELECT 0", account=None)], batch, policy=policy, layout=LAYOUT, write=write
        )

    def land(self, batch: str, *, created: int, query_run_id: str = "qryrun_1") -> None:
        self.file_host.body = zipped(f"n\n{batch}\n".encode())
        stripe = query_run(
            "succeeded", result=self.file_host.result(), created=f"2026-10-02T00:{created:02}:00Z", id=query_run_id
        )
        self.world.step(Step.SUBMIT, stripe)

    def seen(self) -> bytes | None:
        manifest = read_manifest(self.store, STEM)
        return self.store.get(manifest.object.key) if manifest else None

    def state(self, batch: str) -> RunState:
        return self.world.view.states(LANE, batch, 0, 1)[0]


@pytest.fixture
def windows(world: World, file_host: FileHost) -> Windows:
    return Windows(world, file_host)


def test_an_object_has_a_name_of_its_own_and_its_manifest_the_place(windows: Windows) -> None:
    windows.submit(BATCH)
    windows.land(BATCH, created=1)
    (csv, manifest) = landed(windows.world)
    assert manifest == "q0.manifest.json"
    assert csv.startswith("q0.") and csv.endswith(".csv") and len(csv) == len("q0.0123456789ab.csv")


def test_a_repeat_replaces_it_and_nothing_else_is_left(windows: Windows) -> None:
    for number, batch in enumerate(("w", "w.r2", "w.r3")):
        windows.submit(batch)
        windows.land(batch, created=number, query_run_id=f"qryrun_{number}")
        assert windows.seen() == f"n\n{batch}\n".encode()
        assert len(landed(windows.world)) == 2
        assert windows.state(batch) is RunState.LANDED


def test_who_was_slow_has_landed_and_leaves_the_newer_one(windows: Windows) -> None:
    windows.submit("w.r2")
    windows.land("w.r2", created=2)
    windows.submit("w")
    windows.land("w", created=1, query_run_id="qryrun_9")
    assert windows.state("w") is RunState.LANDED
    assert windows.seen() == b"n\nw.r2\n"
    assert len(landed(windows.world)) == 2


def test_what_is_to_stay_is_seen_before_anything_is_spent(windows: Windows) -> None:
    windows.submit("w", WriteMode.FAIL_IF_EXISTS)
    windows.land("w", created=1)
    windows.world.requests.clear()
    windows.submit("w.r2", WriteMode.FAIL_IF_EXISTS)
    windows.world.step(Step.SUBMIT)
    failure = windows.world.rt.ledger.failure("w.r2", LANE, 0)
    assert failure and failure.error_class == "sink"
    assert failure.message == (
        "it was not asked: a result of batch w is there already, and write: fail_if_exists lets it stay"
    )
    assert windows.world.requests == []
    assert windows.seen() == b"n\nw\n"


def test_what_came_meanwhile_stays_and_the_run_says_so(windows: Windows) -> None:
    for batch in ("w", "w.r2"):
        windows.submit(batch, WriteMode.FAIL_IF_EXISTS)
    windows.world.step(Step.SUBMIT, query_run(id="qryrun_1"), query_run(id="qryrun_2"))
    results = [query_run("succeeded", result=windows.file_host.result(), id=f"qryrun_{number}") for number in (1, 2)]
    windows.world.step(Step.POLL, *results)
    states = {batch: windows.state(batch) for batch in ("w", "w.r2")}
    assert sorted(states.values()) == [RunState.FAILED, RunState.LANDED]
    (loser,) = (batch for batch, state in states.items() if state is RunState.FAILED)
    failure = windows.world.rt.ledger.failure(loser, LANE, 0)
    assert failure and "is taken: a result of batch" in failure.message
    assert len(landed(windows.world)) == 2


def test_what_is_checked_first_lands_in_quarantine_by_batch_under_its_plain_name(windows: Windows) -> None:
    windows.submit("w", publish="all_or_nothing")
    windows.land("w", created=1)
    assert list(windows.store.list()) == ["_quarantine/w/q0.csv", "_quarantine/w/q0.manifest.json"]
