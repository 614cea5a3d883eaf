"""Does for the page what the commands do, by the same functions, and keeps who did it and why in the ledger.

The number comes first: `outlook` says what an act comes to, and does nothing. What it names is a filter, and runs go on
failing meanwhile: more than somebody was shown is not done, and of fewer the record says how many it was.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice

from forebay.cli.deployment import Deployment
from forebay.cli.following.lane_limits import nonsense
from forebay.cli.following.resuming import restore, resume, why_over
from forebay.cli.output import words
from forebay.cli.output.console import Manner
from forebay.cli.serving.problem_statuses import problem_of
from forebay.config.near_miss import did_you_mean
from forebay.config.standing import FlowClass, StandingChange
from forebay.governor.contract import LaneLimits
from forebay.governor.seen import LaneView
from forebay.scheduler.batches.chosen_runs import Choice, ChosenRun, choose
from forebay.scheduler.batches.lookup import find_batch, parts_of
from forebay.scheduler.batches.retrying import Try
from forebay.scheduler.errors import InputError
from forebay.store.ledger.deeds import Deed, Deeds
from forebay.store.ledger.records import Batch, ExtractPause
from forebay.web.acts.act import ActKind, Doer, Outlook, WantedAct
from forebay.web.api.readings import Facts
from forebay.web.errors import NothingThere

_PAUSED = {True: "paused", False: "it was paused already"}
_RESUMED = {True: "it goes on", False: "it was not paused"}
_WHOLE = {"cap", "margin", "reserve_interactive", "reserve_scheduled"}


class DeploymentActs:
    """What can be done to a deployment. Raises what the commands raise."""

    def __init__(self, deployment: Deployment, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._deployment = deployment
        self._deeds = Deeds(deployment.ledger_store)
        self._now = now

    def outlook(self, act: WantedAct) -> Outlook:
        """Says what it comes to."""
        match act.kind.about:
            case "lane":
                return self._of_lane(act)
            case "extract":
                return self._of_extract(act)
        batch = find_batch(self._deployment.ledger, act.target)
        return self._of_retry(act, batch) if act.kind is ActKind.RETRY else self._of_batch(act, batch)

    def carry_out(self, act: WantedAct, doer: Doer) -> str:
        """Does it; what is told and what is refused are in the record alike. Gives its name."""
        deed = Deed(
            at=self._now(),
            by=doer.name,
            known_by=doer.known_by,
            act=act.kind,
            target=act.target,
            asked=dict(act.asked),
            why=doer.why,
        )
        outlook = self.outlook(act)  # what cannot be at all is no deed
        if outlook.nothing:
            raise InputError(f"there is nothing to do: {outlook.title}")
        if act.shown is not None and outlook.runs is not None and outlook.runs > act.shown:
            raise InputError(
                f"nothing was done: it was {words.runs(act.shown)}, and has become {outlook.runs:,}; look at it again"
            )
        name = self._deeds.begin(deed, secrets.token_hex(3))
        try:
            came = self._do(act, f"{doer.why} (by {doer.name})")
        except Exception as error:
            self._deeds.end(name, replace(deed, came=problem_of(error).message))
            raise
        self._deeds.end(name, replace(deed, came=came, done=True))
        return name

    def deed(self, name: str) -> Facts | None:
        """Reads what was done."""
        found = self._deeds.one(name)
        return _facts(name, found) if found else None

    def deeds(self, limit: int) -> Facts:
        """Lists what was done, newest first."""
        return {"deeds": [_facts(name, deed) for name, deed in islice(self._deeds.newest(self._now()), limit)]}

    def _do(self, act: WantedAct, reason: str) -> str:
        match act.kind.about:
            case "lane":
                return self._do_lane(act, reason)
            case "extract":
                return self._do_extract(act, reason)
        return self._retry(act) if act.kind is ActKind.RETRY else self._do_batch(act, reason)

    def _do_batch(self, act: WantedAct, reason: str) -> str:
        steering, target = self._deployment.steering, act.target
        if act.kind is ActKind.CANCEL_BATCH:
            report = steering.cancel(target)
            dropped = f"{words.runs(report.dropped)} dropped; {report.held:,} hold a slot until Stripe has ended them"
            return _worked_on(dropped, self._deployment.start_work)
        over = why_over(self._deployment, find_batch(self._deployment.ledger, target))
        if over:
            raise InputError(f"there is nothing to do: batch {target} {over}")
        if act.kind is ActKind.PAUSE_BATCH:
            return _PAUSED[steering.pause(target, reason)]
        if act.kind is ActKind.CHANGE_BATCH:
            changed = steering.change(target, StandingChange(flow_class=_class(act)))
            return "changed" if changed else "it settled at this moment"
        resumed = steering.resume(target)
        return _worked_on(_RESUMED[resumed], self._deployment.start_work)

    def _do_lane(self, act: WantedAct, reason: str) -> str:
        steering, target = self._deployment.lane_steering, act.target
        if act.kind is ActKind.LIMIT_LANE:
            steering.limit(target, _limits(act))
            return ", ".join(f"{name} {value}" for name, value in act.asked.items())
        if act.kind is ActKind.PAUSE_LANE:
            return _PAUSED[steering.pause(target, reason)]
        return _RESUMED[steering.resume(target)]

    def _do_extract(self, act: WantedAct, reason: str) -> str:
        marks, target = self._deployment.marks, act.target
        if act.kind is ActKind.PAUSE_EXTRACT:
            return _PAUSED[marks.pause(target, ExtractPause(at=self._now(), reason=reason))]
        return _RESUMED[marks.resume(target)]

    def _retry(self, act: WantedAct) -> str:
        deployment = self._deployment
        batch = find_batch(deployment.ledger, act.target)
        for each in (batch, *parts_of(deployment.ledger, batch)):
            restore(deployment, each, Manner(quiet=True))
        if act.asked:
            ways = {run.failed: Try() for run in self._chosen(act, batch)}
            report = deployment.retrier.retry(batch.id, ways.get)
        else:
            report = deployment.retrier.retry(batch.id)  # one after the other, however many
        taken = f"{words.runs(report.retried)} taken up; of {report.landings:,} only the landing is repeated"
        return _worked_on(taken, partial(resume, deployment, batch)) if report.retried else taken

    def _chosen(self, act: WantedAct, batch: Batch) -> list[ChosenRun]:
        of = {name: (value,) for name, value in act.asked.items()}
        choice = Choice(names=of.get("name", ()), accounts=of.get("account", ()), causes=of.get("cause", ()))
        return choose(self._deployment.ledger, batch, self._deployment.retrier.failed(batch.id), choice)

    def _of_retry(self, act: WantedAct, batch: Batch) -> Outlook:
        if not act.asked:
            failed = self._deployment.reader.progress(batch).failed
            return Outlook(
                title=f"Retry {words.runs(failed)} of {batch.id}",
                runs=failed,
                sentences=(
                    "Each is asked again, as a new attempt at most.",
                    "Of those that failed to land only the landing is repeated, without another query.",
                ),
                nothing=not failed,
            )
        chosen = self._chosen(act, batch)
        anew = sum(run.failed.begins_anew for run in chosen)
        of = ", ".join(f"{name} {value}" for name, value in act.asked.items())
        sentences = [
            f"{words.runs(anew)} asked again, as a new attempt at most",
            f"{words.runs(len(chosen) - anew)} landed again, or looked at, without another query",
        ]
        if any(run.failed.may_ask_otherwise for run in chosen):
            sentences.append("Some failed of their text, and it stays: mend it and retry with --sql-again instead.")
        return Outlook(
            title=f"Retry {words.runs(len(chosen))} of {batch.id}" + (f" ({of})" if of else ""),
            runs=len(chosen),
            sentences=tuple(sentences) if chosen else ("Nothing of it stands as failed.",),
            nothing=not chosen,
        )

    def _of_batch(self, act: WantedAct, batch: Batch) -> Outlook:
        progress = self._deployment.reader.progress(batch)
        verb = act.kind.partition("-")[0].capitalize()
        sentences: tuple[str, ...]
        at_stripe = f"{words.runs(progress.held)} at Stripe go on there"
        match act.kind:
            case ActKind.CANCEL_BATCH:
                sentences = (
                    f"{words.runs(progress.waiting)} wait and are dropped.",
                    f"{at_stripe}, hold their slots until they end, and do not land.",
                )
            case ActKind.PAUSE_BATCH:
                sentences = (f"{words.runs(progress.waiting)} wait and are held back.", f"{at_stripe}, and land.")
            case ActKind.CHANGE_BATCH:
                sentences = (f"Its class is {batch.standing.flow_class} as accepted, and {_class(act)} from now on.",)
            case _:
                sentences = (f"{words.runs(progress.waiting)} wait, and may begin.",)
        over = progress.known and progress.done
        return Outlook(
            title=f"{verb} batch {batch.id}",
            runs=progress.waiting + progress.held if act.kind is ActKind.CANCEL_BATCH else None,
            sentences=("It has settled.",) if over else sentences,
            nothing=over,
        )

    def _of_extract(self, act: WantedAct) -> Outlook:
        written, pauses = self._deployment.config.written, act.kind is ActKind.PAUSE_EXTRACT
        known = written is not None and act.target in written.spec.extracts
        # One that was paused and removed since can be resumed all the same.
        if not known and (pauses or self._deployment.marks.paused(act.target) is None):
            raise NothingThere(f"the spec has no extract {act.target!r}; `forebay extracts` lists them")
        return Outlook(
            title=f"{'Pause' if pauses else 'Resume'} extract {act.target}",
            sentences=("Windows that were submitted go on; no new ones begin while it is paused.",),
        )

    def _of_lane(self, act: WantedAct) -> Outlook:
        view = self._deployment.reader.view
        if act.target not in view.lanes():
            raise NothingThere(f"there is no lane {act.target!r}; `forebay lanes` lists them")
        lane = view.lane(act.target)
        if act.kind is ActKind.LIMIT_LANE:
            return _of_limits(act, lane, nonsense(lane, _limits(act), self._deployment.config))
        verb = "Pause" if act.kind is ActKind.PAUSE_LANE else "Resume"
        return Outlook(
            title=f"{verb} lane {lane.lane}",
            sentences=(f"{words.runs(lane.held)} hold a slot, and go on; a pause grants nothing more to any batch.",),
        )


def _worked_on(came: str, begin: Callable[[], None]) -> str:
    """Has somebody work on what was done. Where that fails it is done all the same, and what came of it says so."""
    try:
        begin()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        problem = problem_of(error)
        way_out = f" ({problem.way_out})" if problem.way_out else ""
        return f"{came}; but nobody was asked to work on it: {problem.message}{way_out}"
    return came


def _of_limits(act: WantedAct, lane: LaneView, wrong: str) -> Outlook:
    if wrong:
        raise InputError(wrong)
    now: dict[str, float] = {"cap": lane.cap, "margin": lane.margin}
    now |= {f"reserve_{kind}": slots for kind, slots in lane.reserves.items()}
    now |= {f"{of}s_per_s": budget.per_s for of, budget in lane.budgets.items() if of != "all"}
    if not act.asked:
        sentences = tuple(f"{name}: {value:g} now" for name, value in now.items() if name != "reserve_backfill")
        return Outlook(title=f"Limits of lane {lane.lane}", sentences=sentences, nothing=True)
    sentences = tuple(
        f"{name}: {value}" + (f", {now[name]:g} now" if name in now else "") for name, value in act.asked.items()
    )
    return Outlook(title=f"Set limits of lane {lane.lane}", sentences=sentences)


def _limits(act: WantedAct) -> LaneLimits:
    """Reads limits. Raises `InputError`."""
    values: dict[str, int | float] = {}
    for name, text in act.asked.items():
        try:
            value = int(text) if name in _WHOLE else float(text)
        except ValueError:
            raise InputError(f"{name} is a number") from None
        least = 1 if name == "cap" else 0
        if not least <= value < 10_000:
            raise InputError(f"{name} is a number from {least} to 9,999")
        values[name] = value
    return LaneLimits(**values)  # type: ignore[arg-type]  # whole where it has to be


def _class(act: WantedAct) -> FlowClass:
    word = act.asked.get("class", "")
    try:
        return FlowClass(word)
    except ValueError:
        raise InputError(f"'{word}' is no class{did_you_mean(word, [*FlowClass])}") from None


def _facts(name: str, deed: Deed) -> Facts:
    return {
        "deed": name,
        "at": deed.at.isoformat(),
        "by": deed.by,
        "known_by": deed.known_by,
        "act": deed.act,
        "target": deed.target,
        "asked": dict(deed.asked),
        "why": deed.why,
        "came": deed.came,
        "done": deed.done,
    }
