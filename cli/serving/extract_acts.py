"""Does for the page what commands do to an extract: pauses it, resumes it, and says what filling its gaps comes to."""

from collections import deque
from collections.abc import Callable
from datetime import datetime

from forebay.cli.deployment import Deployment
from forebay.cli.following.backfilling import plan_gaps, refuse_paused, windows_between
from forebay.cli.following.filling_told import ToldInLog
from forebay.cli.following.gap_filler import GapFiller
from forebay.cli.output import words
from forebay.cli.submitting import preflight
from forebay.scheduler.definitions.expand import calendar_of
from forebay.scheduler.extracts.gaps import gaps
from forebay.scheduler.extracts.statuses import StatusReader
from forebay.store.ledger.records import ExtractPause
from forebay.web.acts.act import ActKind, Outlook, WantedAct
from forebay.web.errors import NothingThere


class ExtractActs:
    """What can be done to the extracts of a deployment."""

    def __init__(self, deployment: Deployment, now: Callable[[], datetime]) -> None:
        self._deployment = deployment
        self._now = now

    def outlook(self, act: WantedAct) -> Outlook:
        """Says what it comes to."""
        written, resumes = self._deployment.config.written, act.kind is ActKind.RESUME_EXTRACT
        known = written is not None and act.target in written.spec.extracts
        # One that was paused and removed since can be resumed all the same.
        if not known and not (resumes and self._deployment.marks.paused(act.target)):
            raise NothingThere(f"the spec has no extract {act.target!r}; `forebay extracts` lists them")
        if act.kind is ActKind.BACKFILL_EXTRACT:
            return self._of_backfill(act)
        return Outlook(
            title=f"{'Resume' if resumes else 'Pause'} extract {act.target}",
            sentences=("Windows that were submitted go on; no new ones begin while it is paused.",),
        )

    def do(self, act: WantedAct, reason: str) -> bool:
        """Pauses or resumes it; False where that changes nothing."""
        marks, target = self._deployment.marks, act.target
        if act.kind is ActKind.PAUSE_EXTRACT:
            return marks.pause(target, ExtractPause(at=self._now(), reason=reason))
        return marks.resume(target)

    def _of_backfill(self, act: WantedAct) -> Outlook:
        """Says how many windows and runs it is, and makes the checks that come before anything is spent."""
        deployment, extract = self._deployment, act.target
        refuse_paused(deployment, extract)
        asked = windows_between(deployment.config, extract, act.asked.get("from"), act.asked.get("to"), self._now())
        todo = list(gaps(reversed(StatusReader(deployment.ledger, deployment.marks).read(extract, asked).windows)))
        if not todo:
            none = f"Among {words.counted(len(asked), 'window')} there is no gap that nobody fills already."
            return Outlook(title=f"Backfill {extract}", sentences=(none,), nothing=True)
        assert deployment.config.written  # noqa: S101 - it has the extract
        calendar = calendar_of(deployment.config.written, extract)
        first = GapFiller(deployment, extract, calendar, deque(todo), ToldInLog(extract)).expansion(todo[0])
        warnings = preflight.require(
            deployment, connection=first.connection.name, account=first.accounts[0], output=first.terms.output
        )
        plan = plan_gaps(deployment, extract, len(asked), todo, first)
        lines = (" ".join(line.split()) for line in plan.lines("the same again"))
        return Outlook(
            title=f"Backfill {words.counted(len(todo), 'window')} of {extract}: {words.runs(plan.runs)}",
            runs=plan.runs,
            sentences=(
                *lines,
                "The newest come first, a few at a time, in slots that nobody else wants.",
                "It goes on by itself until it is stopped; a pause of the extract holds it.",
                *(f"{row.message}; {row.way_out}" if row.way_out else row.message for row in warnings),
            ),
        )
