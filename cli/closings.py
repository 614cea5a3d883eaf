"""How a batch of the spec ended: outcome, coverage, checks and failures as they are shown, and the exit code."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from cli import words
from cli.exits import Exit
from landing.places import QUARANTINE
from scheduler.progress import Progress
from store.policy import Check, Closing, Outcome, Stop
from store.records import Batch

_EXITS: dict[Outcome, Exit] = {"landed": Exit.OK, "checks_failed": Exit.CHECKS, "stopped": Exit.SAFETY}
_STYLES: dict[Outcome, str] = {"landed": "green", "checks_failed": "red", "failed": "red", "stopped": "red"}
_MOST_NAMED, _MOST_CHECKS = 10, 20


def exit_code(closing: Closing) -> Exit:
    """What this end means to a shell."""
    return _EXITS.get(closing.outcome, Exit.SOME_FAILED)


def facts(closing: Closing | None) -> dict[str, Any]:
    """For JSON."""
    said = {"outcome", "coverage", "failures", "checks", "parts"}
    return {} if closing is None else closing.model_dump(mode="json", include=said)


def lines(batch: Batch, closing: Closing, *, failures: bool = True) -> Iterator[Text]:
    """For people. Without `failures` where they are listed elsewhere."""
    yield _row("outcome", closing.outcome.replace("_", " "), _STYLES.get(closing.outcome, "yellow"))
    coverage = closing.coverage
    if coverage.expected:
        said = f"{coverage.landed} of {coverage.expected} accounts"
        yield _row("coverage", said + (f", {len(coverage.empty)} of them empty" if coverage.empty else ""))
    if coverage.missing:
        yield _row("missing", _list(coverage.missing), "red")
    if closing.checks:
        yield from _checks(closing.checks)
    if closing.outcome == "checks_failed":
        place = f"{words.place(batch.output).rstrip('/')}/{QUARANTINE}/{batch.id}/"
        yield _row("", f"what failed its checks stays in quarantine: {place}", "red")
    for group in closing.failures if failures else ():
        about = _list(group.accounts or group.names, group.count)
        yield _row("failed", f"{group.count} {group.error_class}: {words.first_line(group.message)} ({about})", "red")
    if closing.parts:
        yield _row("parts", f"cut into {_list(closing.parts)}")


def standing(batch: Batch, progress: Progress, stop: Stop | None) -> Iterator[Text]:
    """Why a batch that is not done stands still, or runs with less than it could."""
    if progress.done:
        return
    if progress.paused:
        yield _row("paused", progress.paused.reason, "yellow")
    if stop and not stop.resumed and progress.paused:
        yield _row("", way_on(batch), "yellow")
    elif progress.canary_out:
        yield _row("canary", "the first run goes alone; the others follow once it has ended well", "yellow")


def way_on(batch: Batch) -> str:
    """What a person can do about a batch that its tender stopped."""
    return (
        f"look: forebay show {batch.id} --failed; then forebay retry {batch.id} --failed, "
        f"forebay resume {batch.id} to go on all the same, or forebay cancel {batch.id}"
    )


def _checks(checks: tuple[Check, ...]) -> Iterator[Text]:
    failed = [check for check in checks if not check.ok]
    yield _row("checks", f"{len(checks) - len(failed)} of {len(checks)} passed", "red" if failed else "green")
    for check in failed[:_MOST_CHECKS]:
        name = f"{check.account}/{check.name}" if check.account else check.name
        yield _row("", f"{check.check} of {name}: {check.said}", "red")
    if len(failed) > _MOST_CHECKS:
        yield _row("", f"and {len(failed) - _MOST_CHECKS} more: --json has them all", "red")


def _row(name: str, value: str, style: str = "") -> Text:
    return Text.assemble((f"  {name:<9}", "dim"), (value, style))


def _list(names: tuple[str, ...], count: int = 0) -> str:
    more = max(count, len(names)) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
