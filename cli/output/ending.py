"""Says how following a batch ended: for a person why, and how to go on; for a script the `result` event."""

from dataclasses import dataclass
from typing import Any

from forebay.cli.exits import ErrorReport, Exit
from forebay.cli.output import closings, events, words
from forebay.cli.output.audience import Snapshot
from forebay.landing.result_paths import folder_of
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.records import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The exit code, and what a person or a script should know and do."""

    exit_code: Exit
    message: str = ""
    way_out: str = ""
    ways: tuple[tuple[str, str], ...] = ()
    """More than one way out: what each is for, and how."""
    finished: bool = False
    """The batch is done, so its summary tells all."""

    def text(self, last: Snapshot | None) -> str:
        """Writes it for a person, with how far the batch came."""
        landed = f"So far {last.progress.landed} of {words.runs(last.progress.size)} landed." if last else ""
        ways = [f"  {aim:<9}{how}" for aim, how in self.ways] or [f"Go on: {self.way_out}" if self.way_out else ""]
        return "\n".join(filter(None, (self.message, landed, *ways)))

    def facts(self, batch: Batch, last: Snapshot | None) -> dict[str, Any]:
        """Writes it for a script: the fields of the `result` event."""
        facts: dict[str, Any] = {"batch": batch.id, "output": f"{batch.output.rstrip('/')}/{folder_of(batch)}"}
        if last:
            facts |= {"runs": last.progress.size, "elapsed_s": round(last.elapsed_s, 3), **events.counts(last)}
            facts |= closings.facts(last.closing)
            if not self.finished and last.causes:
                facts["causes"] = [events.cause_facts(cause) for cause in last.causes]
        if self.exit_code is Exit.AUTH:
            facts["error"] = ErrorReport(
                kind=FailureClass.AUTH, message=self.message, way_out=self.way_out, exit_code=self.exit_code
            ).as_json()
        elif self.way_out or self.ways:
            facts["next"] = self.way_out or "; ".join(f"{aim}: {how}" for aim, how in self.ways)
        if self.exit_code is Exit.SAFETY and not self.finished:
            facts["stopped"] = self.message
        return facts
