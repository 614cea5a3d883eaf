"""Defines two batches and an extract for tests of commands, and reads what became of their batches."""

from pathlib import Path
from typing import TYPE_CHECKING

from forebay.landing.manifest import write_manifest
from forebay.landing.result_paths import place_stem
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.outcomes import Closing
from forebay.store.local import LocalStore
from tests.scheduler.batches.test_history import manifest

if TYPE_CHECKING:
    from tests.cli.conftest import Said

SPEC = """
version: 1
connections:
  acme: {{mode: test, key: secret://env/STRIPE_API_KEY, api_base: "{url}", lane: {{cap: 20, margin: 2}}}}
accounts:
  shops: {{list: [acct_1, acct_2, acct_3], whole_organization: true}}
prices: [{{from: 2026-01-01, currency: EUR, per_run: 0.25}}]
defaults: {{output: results}}
batches:
  close:
    sql: queries/*.sql
    accounts: shops
    matrix: {{month: ["2026-09", "2026-10"]}}
    params: {{currency: usd}}
    cache: {{max_age: 1d}}
  capped: {{sql: SELECT 1, accounts: shops, budget: {{runs_per_day: 4}}}}
extracts:
  daily:
    sql: "SELECT id FROM charges WHERE created >= {{{{ window.start }}}} AND created < {{{{ window.end }}}}"
    window: {{every: 1d, start: 2026-01-01, timezone: Europe/Berlin}}
"""


def ledger(folder: Path) -> Ledger:
    return Ledger(LocalStore(folder / ".forebay" / "ledger"))


def batch_of(said: "Said") -> str:
    assert said.code == 0, said.err
    return said.out.splitlines()[0]


def land(spec: Path, batch_id: str) -> None:
    """Writes what workers and a closer leave behind of a small batch of `daily` that landed."""
    batch, store = ledger(spec).batch(batch_id), LocalStore(spec / "results")
    for item in ledger(spec).items(batch_id, "acme:test"):
        landed = manifest(item.name, item.account, 100, 1)
        landed = landed.model_copy(update={"batch": batch_id, "accepted_at": batch.created_at})
        write_manifest(store, place_stem(batch, item), landed)
    close(spec, batch_id)


def close(spec: Path, batch_id: str) -> None:
    """Writes what a closer leaves behind in the ledger of a batch of `daily` that landed."""
    batch = ledger(spec).batch(batch_id)
    closing = Closing.model_validate(
        {"at": batch.created_at, "outcome": "landed", "coverage": {"expected": 3, "landed": 3}}
        | {"runs": 3, "landed": 3, "failed": 0, "canceled": 0, "stored_bytes": 300, "records": 3}
    )
    ledger(spec).record_closing(batch_id, closing, after=0)
