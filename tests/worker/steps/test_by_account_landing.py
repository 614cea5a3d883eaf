"""A result over an organization lands as an object for each account; one that breaks leaves nothing that counts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from forebay.governor.states import RunState, Step
from forebay.landing.manifest import read_manifest
from forebay.scheduler.batches.landed_runs import landed_runs
from forebay.store.errors import Unavailable
from forebay.store.ledger.batch_policy import Checks, Policy
from forebay.store.ledger.by_account import ByAccount
from forebay.store.ledger.records import Item
from forebay.store.local import LocalStore
from tests.worker.conftest import BATCH, FileHost, World, query_run, zipped

SORTED = ByAccount(column="who", expected=("acct_a", "acct_c"))
POLICY = Policy(definition="fees", kind="batch", spec_sha256="5", fan_out="organization", checks=Checks(accounts=True))
CSV = b"who,n\nacct_b,1\nacct_a,2\nacct_b,3\n"
NAMES = [f"_quarantine/{BATCH}/acct_{letter}/q0" for letter in "abc"]


@pytest.fixture
def organization(world: World, file_host: FileHost) -> World:
    file_host.body = zipped(CSV)
    world.submit([Item(name="q0", sql="SELECT 0", account=None)], by_account=SORTED, policy=POLICY)
    world.step(Step.SUBMIT, query_run())
    return world


def store(world: World) -> LocalStore:
    return LocalStore(world.destination)


def test_each_account_has_its_object_and_a_manifest_that_says_of_what_it_is_one(
    organization: World, file_host: FileHost
) -> None:
    organization.step(Step.POLL, query_run("succeeded", result=file_host.result()))

    assert organization.state() is RunState.LANDED
    assert list(store(organization).list()) == [f"{name}.{end}" for name in NAMES for end in ("csv", "manifest.json")]
    manifests = [read_manifest(store(organization), name) for name in NAMES]
    assert [each and (each.account, each.csv.records, each.csv.columns) for each in manifests] == [
        ("acct_a", 1, ("n",)),
        ("acct_b", 2, ("n",)),
        ("acct_c", 0, ("n",)),
    ]
    for each in manifests:
        assert each and each.by_account
        assert (each.by_account.of, each.by_account.column, each.by_account.problem) == (3, "who", None)
        assert (each.by_account.csv.bytes, each.by_account.csv.records) == (len(CSV), 3)
        assert each.delivered_bytes == len(file_host.body)
    (run,) = landed_runs(store(organization), organization.rt.ledger.batch(BATCH)).values()
    assert (run.whole.account, run.whole.csv.records, run.whole.csv.columns) == (None, 3, ("n",))
    assert run.whole.object.bytes == sum(each.object.bytes for each in run.results.values())


@contextmanager
def breaking(world: World, at: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A destination that takes so many objects and manifests, and then none."""
    real, taken = LocalStore.writer, []

    def writer(self: LocalStore, key: str, **how: Any) -> Any:
        if self.url == store(world).url:
            if len(taken) == at:
                raise Unavailable("the disk is full")
            taken.append(key)
        return real(self, key, **how)

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "writer", writer)
        yield


@pytest.mark.parametrize("at", range(6))
def test_a_landing_that_breaks_anywhere_is_no_result_and_the_next_completes_it(
    organization: World, file_host: FileHost, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    batch = organization.rt.ledger.batch(BATCH)
    with breaking(organization, at, monkeypatch):
        organization.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    assert organization.state() is RunState.READY
    assert landed_runs(store(organization), batch) == {}

    organization.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))

    assert organization.state() is RunState.LANDED
    assert len(landed_runs(store(organization), batch)) == 1
    assert list(store(organization).list()) == [f"{name}.{end}" for name in NAMES for end in ("csv", "manifest.json")]


def test_a_redis_that_is_lost_meanwhile_learns_that_it_landed_only_when_all_of_it_did(
    organization: World, file_host: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    with breaking(organization, 4, monkeypatch):
        organization.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    organization.rt.redis.flushall()
    organization.reconciler.all()
    assert organization.state() is RunState.GRANTED, "it is asked again, by the same key"

    organization.step(Step.SUBMIT, query_run("succeeded", result=file_host.result()))
    assert organization.state() is RunState.LANDED
    organization.rt.redis.flushall()
    organization.reconciler.all()
    assert organization.state() is RunState.LANDED


def test_what_ties_it_out_lands_as_one(world: World, file_host: FileHost) -> None:
    world.submit([Item(name="q0", sql="SELECT 0", account=None, ties="q")], by_account=SORTED, policy=POLICY)
    world.step(Step.SUBMIT, query_run())
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))

    assert [name for name in store(world).list() if name.endswith(".csv")] == [f"_quarantine/{BATCH}/q0.csv"]
