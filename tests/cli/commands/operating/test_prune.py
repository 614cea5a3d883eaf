"""Pruning as people type it: what it says first, what it asks, and that nothing that ran runs again."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import redis

from forebay.scheduler.windows.calendar import Window, window_batch_id
from forebay.store.ledger.batch_policy import Policy, Span
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import BatchTerms, Item
from forebay.store.local import LocalStore
from tests.cli.conftest import Forebay, files
from tests.cli.stripe import EndlessStripe
from tests.scheduler.closing.conftest import closing

DAY = timedelta(days=1)
SPEC = """
version: 1
connections:
  default: {{mode: test, key: secret://env/STRIPE_API_KEY, api_base: "{url}"}}
defaults: {{output: results}}
extracts:
  daily:
    sql: "SELECT id FROM charges WHERE created >= {{{{ window.start }}}} AND created < {{{{ window.end }}}}"
    window: {{every: 1d, start: {start:%Y-%m-%d}}}
    schedule: {{when: at_end, catch_up: all}}
"""


@pytest.fixture
def ledger(folder: Path, deployed: redis.Redis, stripe: EndlessStripe, today: datetime) -> Ledger:
    """Eight windows of more than 90 days ago that landed, and what they wrote."""
    (folder / "forebay.yaml").write_text(SPEC.format(url=stripe.url, start=today - 100 * DAY))
    kept = Ledger(LocalStore(folder / ".forebay" / "ledger"))
    for age in range(92, 100):
        window = Window(today - (age + 1) * DAY, today - age * DAY)
        span = Span(start=window.start, end=window.end)
        policy = Policy(definition="daily", kind="extract", spec_sha256="0", window=span)
        batch_id = window_batch_id("daily", window)
        terms = BatchTerms(id=batch_id, output=str(folder / "results"), source="a test", policy=policy)
        item = Item(name="q", sql="SELECT 1", account=None)
        kept.write_batch(terms, [("default:test", item)], connection="default", created_at=window.end)
        kept.record_closing(batch_id, closing(at=window.end, in_quarantine=0), after=0)
        for marked, marks in kept.open_marks.all().items():
            kept.open_marks.remove(marked, marks)
        LocalStore(folder / "results").put(f"{batch_id}/q.csv", b"id\n")
    return kept


def test_it_says_first_what_it_comes_to_and_does_nothing_until_it_is_told(
    ledger: Ledger, forebay: Forebay, folder: Path
) -> None:
    before = files(folder)

    dry = forebay("prune", "--older-than", "90d", "--dry-run")
    asked = forebay("prune", "--older-than", "90d")

    assert (dry.code, asked.code) == (0, 2)
    assert "5 batches settled before" in dry.out
    assert "kept: 3 the last that landed of their definitions" in dry.out
    assert "the same command with --yes goes on" in asked.err
    assert files(folder) == before


def test_it_removes_records_and_leaves_results_and_no_window_runs_again(
    ledger: Ledger, forebay: Forebay, folder: Path, stripe: EndlessStripe, today: datetime
) -> None:
    results = files(folder / "results")

    said = forebay("prune", "--older-than", "90d", "--yes")

    assert said.code == 0
    assert "5 batches removed, 15 objects of the ledger" in said.out
    assert len(list(ledger.names.folders())) == 3
    assert files(folder / "results") == results
    extracts = forebay("extracts", "daily", "--limit", "100", "--json").events
    states = [event["state"] for event in extracts if event["event"] == "window"]
    assert [states.count(state) for state in ("pruned", "landed", "missing")] == [5, 3, 92]
    oldest = f"{today - 100 * DAY:%Y-%m-%d}"
    gaps = forebay("backfill", "daily", "--to", f"{today - 92 * DAY:%Y-%m-%d}", "--dry-run", "--json").events
    assert [event for event in gaps if event["event"] == "gap"] == []
    again = forebay("submit", "daily", "--window", oldest)
    assert again.code == 2
    assert "has run, and its record was pruned" in again.err
    assert stripe.created == []
    assert forebay("prune", "--older-than", "90d").out.startswith("0 batches settled before")


def test_a_script_reads_what_went_and_what_stayed(ledger: Ledger, forebay: Forebay) -> None:
    (result,) = forebay("prune", "--older-than", "3mo", "--yes", "--json").events

    assert (result["exit"], result["batches"], result["removed"], result["dry_run"]) == (0, 5, 5, False)
    assert result["kept"] == {"newest": 3}


@pytest.mark.parametrize("text", ["29d", "4w", "soon", "90", "-90d"])
def test_what_is_no_length_of_time_or_too_short_a_one_is_refused(
    deployed: redis.Redis, forebay: Forebay, text: str
) -> None:
    said = forebay("prune", f"--older-than={text}")
    assert said.code == 2
    assert "length of time" in said.err or "the last 30 days stay" in said.err


def test_an_age_has_to_be_given(deployed: redis.Redis, forebay: Forebay) -> None:
    assert forebay("prune").code == 2
