"""Says for the page what a retry of failed runs comes to, and does it, by the functions of `forebay retry`."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from forebay.cli.deployment import Deployment
from forebay.cli.following.resuming import restore, resume
from forebay.cli.output import words
from forebay.cli.output.console import Manner
from forebay.cli.serving.working_on import worked_on
from forebay.cli.submitting.expanding import history
from forebay.cli.submitting.planned import expected_cost
from forebay.landing.errors import LandingError
from forebay.scheduler.batches.chosen_runs import Choice, ChosenRun, choose
from forebay.scheduler.batches.lookup import parts_of
from forebay.scheduler.batches.retrying import Try
from forebay.scheduler.costs.prices import Prices
from forebay.store.errors import StoreError
from forebay.store.ledger.records import Batch
from forebay.web.acts.act import Outlook, WantedAct


class RetryActs:
    """Retries of one deployment."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def outlook(self, act: WantedAct, batch: Batch) -> Outlook:
        """Says how many runs it is, and what asking them again costs where that is known."""
        if not act.asked:
            failed = self._deployment.reader.progress(batch).failed
            return Outlook(
                title=f"Retry {words.runs(failed)} of {batch.id}",
                runs=failed,
                sentences=(
                    "Each is asked again, as a new attempt at most.",
                    "Of those that failed to land only the landing is repeated, without another query.",
                    *self._cost(batch, failed, "at most about"),
                ),
                nothing=not failed,
            )
        chosen = self._chosen(act, batch)
        anew = sum(run.failed.begins_anew for run in chosen)
        of = ", ".join(f"{name} {value}" for name, value in act.asked.items())
        sentences = [
            f"{words.runs(anew)} asked again, as a new attempt at most",
            f"{words.runs(len(chosen) - anew)} landed again, or looked at, without another query",
            *self._cost(batch, anew, "about"),
        ]
        if any(run.failed.may_ask_otherwise for run in chosen):
            sentences.append("Some failed of their text, and it stays: mend it and retry with --sql-again instead.")
        return Outlook(
            title=f"Retry {words.runs(len(chosen))} of {batch.id}" + (f" ({of})" if of else ""),
            runs=len(chosen),
            sentences=tuple(sentences) if chosen else ("Nothing of it stands as failed.",),
            nothing=not chosen,
        )

    def do(self, act: WantedAct, batch: Batch) -> str:
        """Does it; says what came of it."""
        deployment = self._deployment
        for each in (batch, *parts_of(deployment.ledger, batch)):
            restore(deployment, each, Manner(quiet=True))
        if act.asked:
            ways = {run.failed: Try() for run in self._chosen(act, batch)}
            report = deployment.retrier.retry(batch.id, ways.get)
        else:
            report = deployment.retrier.retry(batch.id)  # one after the other, however many
        taken = f"{words.runs(report.retried)} taken up; of {report.landings:,} only the landing is repeated"
        return worked_on(taken, partial(resume, deployment, batch)) if report.retried else taken

    def _chosen(self, act: WantedAct, batch: Batch) -> list[ChosenRun]:
        of = {name: (value,) for name, value in act.asked.items()}
        choice = Choice(names=of.get("name", ()), accounts=of.get("account", ()), causes=of.get("cause", ()))
        return choose(self._deployment.ledger, batch, self._deployment.retrier.failed(batch.id), choice)

    def _cost(self, batch: Batch, runs: int, about: str) -> Sequence[str]:
        """Says it where the spec has prices: by what the last landed batches of the definition came to."""
        written = self._deployment.config.written
        prices = Prices.of(written.spec if written else None)
        if prices.currency is None or not runs:
            return ()
        past = None
        if batch.policy and batch.policy.definition:
            with suppress(StoreError, LandingError):  # a destination that is away keeps nobody from a retry
                past = history(self._deployment.settings, self._deployment.ledger_store).batches(
                    batch.policy.definition
                )
        cost = expected_cost(prices, batch.connection, runs, past)
        if cost is None:
            return ("What that costs is not known: no price holds today, or it goes by what runs come to.",)
        return (f"That costs {about} {words.money(cost, prices.currency)}.",)
