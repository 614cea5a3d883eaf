"""Does for the page what the commands do, by the same functions, and keeps who did it and why in the ledger.

The number comes first: `outlook` says what an act comes to, and does nothing. What it names is a filter, and runs go on
failing meanwhile: more than somebody was shown is not done, and of fewer the record says how many it was.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from forebay.cli.deployment import Deployment
from forebay.cli.following.lane_limits import nonsense
from forebay.cli.following.resuming import why_over
from forebay.cli.output import words
from forebay.cli.serving.extract_acts import ExtractActs
from forebay.cli.serving.problem_statuses import problem_of
from forebay.cli.serving.retry_acts import RetryActs
from forebay.cli.serving.working_on import worked_on
from forebay.config.near_miss import did_you_mean
from forebay.config.standing import FlowClass, StandingChange
from forebay.governor.contract import LaneLimits
from forebay.governor.seen import LaneView
from forebay.scheduler.batches.lookup import find_batch
from forebay.scheduler.errors import InputError
from forebay.store.ledger.deeds import Deed
from forebay.store.ledger.records import Batch
from forebay.web.acts.act import ActKind, Doer, Outlook, WantedAct
from forebay.web.errors import NothingThere

_PAUSED = {True: "paused", False: "it was paused already"}
_RESUMED = {True: "it goes on", False: "it was not paused"}
_WHOLE = {"cap", "margin", "reserve_interactive", "reserve_scheduled"}


class DeploymentActs:
    """What can be done to a deployment. Raises what the commands raise."""

    def __init__(
        self,
        deployment: Deployment,
        begun: Callable[[], None] = lambda: None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Takes with `begun` whom to tell that something was begun which goes on."""
        self._deployment = deployment
        self._deeds = deployment.ledger.deeds
        self._extracts, self._retries = ExtractActs(deployment, now), RetryActs(deployment)
        self._begun = begun
        self._now = now

    def outlook(self, act: WantedAct) -> Outlook:
        """Says what it comes to."""
        match act.kind.about:
            case "lane":
                return self._of_lane(act)
            case "extract":
                return self._extracts.outlook(act)
            case "backfill":
                return self._of_stop(act)
        batch = find_batch(self._deployment.ledger, act.target)
        return self._retries.outlook(act, batch) if act.kind is ActKind.RETRY else self._of_batch(act, batch)

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
        goes_on = act.kind is ActKind.BACKFILL_EXTRACT
        name = self._deeds.begin(deed, secrets.token_hex(3), goes_on=goes_on)
        if goes_on:
            self._begun()
            return name
        try:
            came = self._do(act, f"{doer.why} (by {doer.name})")
        except Exception as error:
            self._deeds.end(name, replace(deed, came=problem_of(error).message))
            raise
        self._deeds.end(name, replace(deed, came=came, done=True))
        return name

    def _do(self, act: WantedAct, reason: str) -> str:
        match act.kind.about:
            case "lane":
                return self._do_lane(act, reason)
            case "extract":
                return (_RESUMED if act.kind is ActKind.RESUME_EXTRACT else _PAUSED)[self._extracts.do(act, reason)]
            case "backfill":
                return self._stop_backfill(act, reason)
        if act.kind is ActKind.RETRY:
            return self._retries.do(act, find_batch(self._deployment.ledger, act.target))
        return self._do_batch(act, reason)

    def _do_batch(self, act: WantedAct, reason: str) -> str:
        steering, target = self._deployment.steering, act.target
        if act.kind is ActKind.CANCEL_BATCH:
            report = steering.cancel(target)
            dropped = f"{words.runs(report.dropped)} dropped; {report.held:,} hold a slot until Stripe has ended them"
            return worked_on(dropped, self._deployment.start_work)
        over = why_over(self._deployment, find_batch(self._deployment.ledger, target))
        if over:
            raise InputError(f"there is nothing to do: batch {target} {over}")
        if act.kind is ActKind.PAUSE_BATCH:
            return _PAUSED[steering.pause(target, reason)]
        if act.kind is ActKind.CHANGE_BATCH:
            changed = steering.change(target, StandingChange(flow_class=_class(act)))
            return "changed" if changed else "it settled at this moment"
        resumed = steering.resume(target)
        return worked_on(_RESUMED[resumed], self._deployment.start_work)

    def _do_lane(self, act: WantedAct, reason: str) -> str:
        steering, target = self._deployment.lane_steering, act.target
        if act.kind is ActKind.LIMIT_LANE:
            steering.limit(target, _limits(act))
            return ", ".join(f"{name} {value}" for name, value in act.asked.items())
        if act.kind is ActKind.PAUSE_LANE:
            return _PAUSED[steering.pause(target, reason)]
        return _RESUMED[steering.resume(target)]

    def _of_stop(self, act: WantedAct) -> Outlook:
        deed = self._deeds.one(act.target)
        if deed is None or deed.act != ActKind.BACKFILL_EXTRACT:
            raise NothingThere("No backfill was begun by that name")
        over = not self._deeds.goes_on(act.target)
        sentence = "It is over." if over else "Windows that were submitted go on; no more of them are."
        return Outlook(title=f"Stop the backfill of {deed.target}", sentences=(sentence,), nothing=over)

    def _stop_backfill(self, act: WantedAct, reason: str) -> str:
        deed = self._deeds.one(act.target)
        assert deed  # noqa: S101 - its outlook has read it
        self._deeds.end(act.target, replace(deed, came=f"stopped: {reason}"))
        self._deeds.over(act.target)
        return f"the backfill of {deed.target} submits nothing further"

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
