"""Which failed runs are meant by names, accounts and causes, and what is said of words that mean none."""

from collections.abc import Sequence

import pytest

from forebay.governor.states import Step
from forebay.scheduler.batches.chosen_runs import Choice, choose
from forebay.scheduler.errors import InputError
from forebay.store.ledger.records import Item
from tests.worker.conftest import BATCH, World, query_run, refusal

SQL_ERROR = refusal(400, "query_run_invalid_sql")


@pytest.fixture
def batch(world: World) -> World:
    """Of two queries of two accounts one runs, one was refused access, and two failed of their text."""
    items = [
        Item(name=name, sql="SELECT 1", account=account)
        for name in ("fees", "refunds")
        for account in ("acct_a", "acct_b")
    ]
    world.submit(items)
    world.step(Step.SUBMIT, query_run(), SQL_ERROR)
    world.step(Step.SUBMIT, refusal(403))
    world.step(Step.SUBMIT, SQL_ERROR)
    return world


def chosen(world: World, choice: Choice) -> list[str]:
    batch = world.rt.ledger.batch(BATCH)
    runs = choose(world.rt.ledger, batch, world.retrier.failed(BATCH), choice)
    return [f"{run.item.account}/{run.item.name}" for run in runs]


@pytest.mark.parametrize(
    ("choice", "runs"),
    [
        (Choice(), ["acct_b/fees", "acct_a/refunds", "acct_b/refunds"]),
        (Choice(names=["refunds"]), ["acct_a/refunds", "acct_b/refunds"]),
        (Choice(names=["acct_b/refunds", "fees"]), ["acct_b/fees", "acct_b/refunds"]),
        (Choice(accounts=["acct_b"]), ["acct_b/fees", "acct_b/refunds"]),
        (Choice(causes=["sql"]), ["acct_b/fees", "acct_b/refunds"]),
        (Choice(causes=["sql", "auth"], names=["refunds"]), ["acct_a/refunds", "acct_b/refunds"]),
    ],
)
def test_a_run_matches_one_of_each_kind(batch: World, choice: Choice, runs: Sequence[str]) -> None:
    assert chosen(batch, choice) == runs


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Choice(names=["refund"]), "no query 'refund', did you mean 'refunds'?"),
        (Choice(names=["acct_a/fees"]), "'acct_a/fees' of batch b1 does not stand as failed"),
        (Choice(names=["xyz"]), "no query 'xyz'; `forebay show b1 --failed` lists them"),
        (Choice(accounts=["acct_c"]), "asks account 'acct_c', did you mean 'acct_"),
        (Choice(causes=["sqll"]), "no cause 'sqll', did you mean 'sql'?"),
        (Choice(causes=["too_big"]), "stands as failed of 'too_big': sql (2), auth (1)"),
    ],
)
def test_a_word_that_means_no_failed_run_is_told(batch: World, choice: Choice, words: str) -> None:
    with pytest.raises(InputError) as caught:
        chosen(batch, choice)
    assert words in str(caught.value)
