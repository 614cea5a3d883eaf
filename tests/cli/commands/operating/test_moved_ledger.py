"""Moving a ledger as people do it: copy, say so, go on; and a worker that was forgotten ends and says why."""

import shutil
import socket
from pathlib import Path

import pytest
import redis

from forebay.governor.keys import alive
from tests.cli.conftest import Forebay, finish, start, until
from tests.cli.stripe import EndlessStripe


@pytest.fixture
def batch(deployed: redis.Redis, queries: list[str], forebay: Forebay) -> str:
    said = forebay("submit", *queries)
    assert said.code == 0, said.err
    return said.out.strip()


def test_a_moved_ledger_goes_on_and_a_worker_at_the_old_place_ends(
    batch: str,
    deployed: redis.Redis,
    forebay: Forebay,
    folder: Path,
    stripe: EndlessStripe,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = start("worker")
    try:
        until(lambda: len(stripe.created) == 3, "the worker sends what was submitted")
        shutil.copytree(".forebay/ledger", "new")
        monkeypatch.setenv("FOREBAY_LEDGER", "new")

        refused = forebay("ls")
        assert refused.code == 2
        assert "FOREBAY_LEDGER names a copy of it" in refused.err
        assert forebay("doctor").code == 2
        moved = forebay("rebuild", "--moved")
        assert moved.code == 0, moved.err
        assert f"{(folder / 'new').as_uri()} now" in moved.err

        said = finish(worker)
        assert said.code == 10
        assert "Redis works for the ledger at" in said.err
    finally:
        if worker.poll() is None:
            worker.kill()
            worker.communicate()
    assert [event["state"] for event in forebay("ls", "--json").events if event["event"] == "batch"] == ["running"]
    deployed.delete(alive(socket.gethostname()))
    again = start("worker")
    try:
        until(lambda: deployed.exists(alive(socket.gethostname())), "a worker at the new place works")
        assert len(stripe.created) == 3, "nothing ran twice"
    finally:
        again.terminate()
        again.communicate()
    monkeypatch.setenv("FOREBAY_LEDGER", ".forebay/ledger")
    left = finish(start("worker"))
    assert left.code == 2
    assert "Redis works for the ledger at" in left.err


def test_a_copy_that_lacks_a_batch_is_not_gone_over_to(
    batch: str, deployed: redis.Redis, forebay: Forebay, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(".forebay/ledger", "new")
    shutil.rmtree(Path("new") / "batches" / batch)
    monkeypatch.setenv("FOREBAY_LEDGER", "new")

    said = forebay("rebuild", "--moved")

    assert said.code == 2
    assert f"lacks 1 batch that Redis knows, such as {batch}" in said.err


def test_a_record_that_cannot_be_read_at_either_place_is_not_lacking(
    batch: str, deployed: redis.Redis, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    (Path(".forebay/ledger/batches") / batch / "batch.json").write_text("{")
    shutil.copytree(".forebay/ledger", "new")
    monkeypatch.setenv("FOREBAY_LEDGER", "new")

    said = forebay("rebuild", "--moved")

    assert "lacks" not in said.err
    assert f"{batch}  left alone:" in said.err
