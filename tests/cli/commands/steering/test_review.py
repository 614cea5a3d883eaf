"""`forebay release` and `forebay check`: the ways out of a check that failed, and what is said where there are none."""

from pathlib import Path
from typing import Any

import pytest
import redis

from forebay.landing.manifest import write_manifest
from forebay.landing.result_paths import quarantine_of
from forebay.scheduler.closing.closer import Closer
from forebay.scheduler.closing.services import ClosingServices
from forebay.store.ledger.ledger import Ledger
from forebay.store.local import LocalStore
from tests.cli.conftest import Forebay
from tests.cli.stripe import EndlessStripe
from tests.cli.worker import Hand
from tests.scheduler.batches.test_history import manifest

SPEC = """
version: 1
connections:
  default: {{mode: test, key: secret://env/STRIPE_API_KEY, api_base: "{url}"}}
defaults: {{output: results}}
batches:
  close: {{sql: SELECT id FROM fees, publish: all_or_nothing, checks: {{rows: {{min: {least}}}}}}}
"""
LATER_MS = 10**14
SOON = ("--timeout", "0.1")


def write_spec(stripe: EndlessStripe, *, least: int) -> None:
    Path("forebay.yaml").write_text(SPEC.format(url=stripe.url, least=least))


def ledger() -> Ledger:
    return Ledger(LocalStore(Path(".forebay/ledger")))


def close(client: redis.Redis) -> None:
    """Does what a worker's closer does."""
    services = ClosingServices(
        ledger=ledger(), redis=client, store=lambda _: LocalStore(Path("results")), tell=lambda *_: None
    )
    Closer(services).round(LATER_MS)


@pytest.fixture
def batch(deployed: redis.Redis, stripe: EndlessStripe, forebay: Forebay) -> str:
    """A batch whose one result has one record, and should have two."""
    write_spec(stripe, least=2)
    said = forebay("submit", "close")
    assert said.code == 0, said.err
    batch = said.out.strip()
    hand = Hand(deployed)
    hand.land(hand.begin_one())
    store, place = LocalStore(Path("results")), f"{quarantine_of(batch)}close"
    store.put(f"{place}.csv", b"id\n1\n")
    landed = manifest("close", None, 5, 1)
    stored = landed.object.model_copy(update={"key": f"{place}.csv", "url": store.url_of(f"{place}.csv")})
    write_manifest(store, place, landed.model_copy(update={"object": stored}))
    close(deployed)
    return batch


def result(forebay: Forebay, *arguments: str) -> dict[str, Any]:
    return forebay(*arguments, "--json").events[-1]


def test_the_screens_say_where_it_is_and_the_ways_on(batch: str, forebay: Forebay) -> None:
    watched, shown = forebay("watch", batch), forebay("show", batch)

    assert watched.code == 3
    for said in (watched, shown):
        assert f"results/_quarantine/{batch}/" in said.out
        assert f" results/{batch}/" not in said.out, "there is no such folder"
        assert f'forebay release {batch} --reason "…"' in said.out
        assert f"forebay check {batch}" in said.out
    assert "checks failed" in forebay("ls").out


def test_a_release_is_published_by_the_closer_and_told(batch: str, deployed: redis.Redis, forebay: Forebay) -> None:
    said = forebay("release", batch, "--reason", "one fee is right", *SOON)
    assert said.code == 5, said.err

    close(deployed)

    said = forebay("watch", batch)
    assert said.code == 0, said.out
    assert "one fee is right" in said.out
    assert Path(f"results/{batch}/close.csv").read_bytes() == b"id\n1\n"
    assert not Path(f"results/_quarantine/{batch}/close.csv").exists()
    assert result(forebay, "watch", batch)["review"]["released"]["reason"] == "one fee is right"


def test_a_check_goes_by_the_spec_of_now(
    batch: str, deployed: redis.Redis, stripe: EndlessStripe, forebay: Forebay
) -> None:
    assert forebay("check", batch, *SOON).code == 5
    close(deployed)
    assert forebay("watch", batch).code == 3, "it fails of the same check again"

    write_spec(stripe, least=1)
    assert forebay("check", batch, *SOON).code == 5
    close(deployed)

    assert forebay("watch", batch).code == 0
    assert Path(f"results/{batch}/close.csv").exists()
    assert forebay("release", batch, "--reason", "x").code == 2
    assert "nothing of it is in quarantine" in forebay("check", batch).err


def test_a_retry_of_what_failed_only_a_check_names_the_ways_on(batch: str, forebay: Forebay) -> None:
    said = forebay("retry", batch, "--failed")

    assert "nothing to retry" in said.out
    assert f"forebay release {batch}" in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("release", "BATCH"), "--reason"),
        (("release", "BATCH", "--reason", " "), "--reason is empty"),
        (("release", "nobodys", "--reason", "x"), "there is no batch 'nobodys'"),
        (("check", "nobodys"), "there is no batch 'nobodys'"),
    ],
)
def test_what_cannot_be_decided_is_a_sentence(
    batch: str, forebay: Forebay, arguments: tuple[str, ...], words: str
) -> None:
    said = forebay(*(batch if argument == "BATCH" else argument for argument in arguments))

    assert said.code == 2
    assert words in said.err
    assert ledger().last_review(batch) is None
