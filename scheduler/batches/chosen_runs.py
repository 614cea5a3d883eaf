"""Finds the failed runs that somebody means, by name, account or cause; what matches none of them is an error."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from forebay.config.near_miss import did_you_mean
from forebay.landing.result_paths import whole_of
from forebay.scheduler.batches.query_names import called, may_mean
from forebay.scheduler.batches.retrying import FailedRun
from forebay.scheduler.errors import InputError
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a run has to match: one of each kind that is given. Nothing given is every failed run."""

    names: Sequence[str] = ()
    """Of queries: `fees`, or `acct_1/fees` for that of one account."""
    accounts: Sequence[str] = ()
    causes: Sequence[str] = ()

    def matches(self, run: "ChosenRun") -> bool:
        """Tells whether a run is meant."""
        name = not self.names or any(run.is_called(name) for name in self.names)
        account = not self.accounts or run.item.account in self.accounts
        return name and account and (not self.causes or run.cause in self.causes)


EVERY_ONE = Choice()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenRun:
    """A failed run, and what it asked."""

    failed: FailedRun
    item: Item
    """As its failed attempt asked it."""
    whole: str | None = None
    """Of a part: the name of the query that was cut."""

    @property
    def cause(self) -> str:
        """Names its class of failure."""
        return str(self.failed.failure.error_class) if self.failed.failure else ""

    def is_called(self, name: str) -> bool:
        """Tells whether a person may call it so."""
        names = (self.item.name, self.whole) if self.whole else (self.item.name,)
        return any(name in called(each, self.item.account) for each in names)


def choose(ledger: Ledger, batch: Batch, failed: Iterable[FailedRun], choice: Choice) -> list[ChosenRun]:
    """Finds the runs that are meant. Raises `InputError` for a name, an account or a cause that no failed run has."""
    _refuse_unknown_causes(choice.causes)
    runs = list(_with_items(ledger, batch, failed))
    for name in choice.names:
        if not any(run.is_called(name) for run in runs):
            raise InputError(_no_such_name(ledger, batch, name))
    for account in choice.accounts:
        if not any(run.item.account == account for run in runs):
            raise InputError(_no_such_account(ledger, batch, account))
    causes = Counter(run.cause for run in runs)
    for cause in choice.causes:
        if cause not in causes:
            came = ", ".join(f"{one} ({count})" for one, count in causes.most_common()) or "nothing failed"
            raise InputError(f"no run of batch {batch.id} stands as failed of {cause!r}: {came}")
    return [run for run in runs if choice.matches(run)]


def _refuse_unknown_causes(causes: Iterable[str]) -> None:
    known = [str(cause) for cause in FailureClass]
    for cause in causes:
        if cause not in known:
            raise InputError(f"there is no cause {cause!r}{did_you_mean(cause, known)}")


def _with_items(ledger: Ledger, batch: Batch, failed: Iterable[FailedRun]) -> Iterator[ChosenRun]:
    for run in failed:
        item = ledger.item(run.batch_id, run.lane, run.index, run.failure.attempt if run.failure else 0)
        whole = None if run.batch_id == batch.id else whole_of(item.name)
        yield ChosenRun(failed=run, item=item, whole=whole)


def _no_such_name(ledger: Ledger, batch: Batch, name: str) -> str:
    known = {each: None for item in _items(ledger, batch) for each in called(item.name, item.account)}
    if name in known:
        return f"{name!r} of batch {batch.id} does not stand as failed; `forebay show {batch.id} {name}` says how it is"
    hint = may_mean(name, known) or f"; `forebay show {batch.id} --failed` lists them"
    return f"batch {batch.id} has no query {name!r}{hint}"


def _no_such_account(ledger: Ledger, batch: Batch, account: str) -> str:
    known = {item.account: None for item in _items(ledger, batch) if item.account}
    if account in known:
        return f"nothing of account {account} in batch {batch.id} stands as failed"
    hint = may_mean(account, known) if known else ": none of them names an account"
    return f"no query of batch {batch.id} asks account {account!r}{hint}"


def _items(ledger: Ledger, batch: Batch) -> Iterator[Item]:
    for flow in batch.flows:
        yield from ledger.items(batch.id, flow.lane)
