"""Tells what verifying landed results finds: a line for each difference as it is found, and what it came to."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from forebay.cli.exits import Exit
from forebay.cli.output import events, plain_text, words
from forebay.cli.output.plain_text import styled
from forebay.landing.manifest import SUFFIX
from forebay.landing.verifying.discrepancies import Checked, Discrepancy, Discrepant
from forebay.store.interface import Store

REPORT_EVERY_S = 10.0
_STYLES = {Discrepant.UNREADABLE: "yellow"}


@dataclass(slots=True, kw_only=True)
class VerifiedSoFar:
    """What it has come to so far."""

    results: int = 0
    well: int = 0
    records: int = 0
    remembered: int = 0
    """Results that were found well before an interruption."""
    read_bytes: int = 0
    failed: int = 0
    """Runs that failed, so that nothing of them can be there."""
    open: int = 0
    """Runs of batches that are canceled or may go on: nobody can tell whether something has to be there."""
    kinds: Counter[Discrepant] = field(default_factory=Counter)

    @property
    def differences(self) -> int:
        """Counts all that is known to be otherwise."""
        return self.kinds.total() - self.kinds[Discrepant.UNREADABLE]

    @property
    def is_empty(self) -> bool:
        """Tells that nothing was there to be verified: that is not well."""
        return not self.results and not self.kinds.total()

    @property
    def exit_code(self) -> Exit:
        """Says how the command ends."""
        if self.differences:
            return Exit.CHECKS
        return Exit.SOME_FAILED if self.kinds[Discrepant.UNREADABLE] else Exit.OK

    def count(self, checked: Checked) -> None:
        """Takes in what came of one manifest; a batch's is no result."""
        if not checked.key.endswith(SUFFIX):
            return
        self.results += 1
        self.well += not checked.findings
        self.records += checked.records if not checked.findings else 0
        self.remembered += checked.remembered and not checked.findings

    def facts(self) -> dict[str, Any]:
        """Names all of it, for scripts."""
        return {
            "results": self.results,
            "well": self.well,
            "differences": self.differences,
            "unreadable": self.kinds[Discrepant.UNREADABLE],
            "records": self.records,
            "bytes": self.read_bytes,
            "remembered": self.remembered,
            "failed": self.failed,
            "open": self.open,
        }


class VerifyAudience:
    """Tells one verification to whoever asked for it."""

    def __init__(self, *, quiet: bool, as_json: bool) -> None:
        self._quiet = quiet or as_json
        self._as_json = as_json
        self._next_s = time.monotonic() + REPORT_EVERY_S

    def difference(self, store: Store, finding: Discrepancy) -> None:
        """Tells one, on standard output."""
        url = store.url_of(finding.key)
        if self._as_json:
            events.emit("difference", kind=finding.kind, key=finding.key, url=url, message=finding.message)
            return
        kind = (f"{finding.kind:<13}", _STYLES.get(finding.kind, "red"))
        plain_text.wrapped(styled(kind, words.place(url), f": {finding.message}"), plain_text.stdout())

    def progress(self, tally: VerifiedSoFar, read_bytes: int) -> None:
        """Says every ten seconds how far it is."""
        if self._quiet or time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + REPORT_EVERY_S
        found = f", {words.counted(tally.differences, 'difference')}" if tally.differences else ""
        self.remark(f"{words.counted(tally.results, 'result')} checked, {words.size(read_bytes)} read{found}")

    def remark(self, *lines: str) -> None:
        """Tells people, on standard error."""
        if not self._as_json:
            plain_text.remark(*lines)

    def end(self, tally: VerifiedSoFar) -> None:
        """Says what it came to."""
        if self._as_json:
            events.result(tally.exit_code, **tally.facts())
            return
        plain_text.say(_verdict(tally))
        if tally.open:
            what = words.counted(tally.open, "run")
            self.remark(
                f"{what} of batches that were canceled or are not over: nobody knows whether they should be there"
            )


def _verdict(tally: VerifiedSoFar) -> str:
    read = f"{words.size(tally.read_bytes)} read, {words.counted(tally.records, 'record')}"
    if tally.remembered:
        read += f"; {tally.remembered:,} were well before it was interrupted"
    well = f"{words.counted(tally.well, 'result is', 'results are')} as their manifests say ({read})"
    if tally.well == 1:
        well = well.replace("their manifests say", "its manifest says")
    complaints = []
    if tally.differences:
        complaints.append(words.counted(tally.differences, "difference"))
    if unreadable := tally.kinds[Discrepant.UNREADABLE]:
        complaints.append(f"{unreadable:,} could not be read")
    return "; ".join([*complaints, well])
