"""Shows how a batch of the spec ended, or why it stands still: outcome, coverage, checks, failures, exit code."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from forebay.cli.exits import Exit
from forebay.cli.output import words
from forebay.cli.output.plain_text import styled
from forebay.landing.result_paths import quarantine_of
from forebay.scheduler.batches.progress import Progress
from forebay.scheduler.closing.reviewing import stays_in_quarantine
from forebay.store.ledger.outcomes import Check, Closing, FailureGroup, Outcome, Review, Stop
from forebay.store.ledger.records import Batch

_EXITS: dict[Outcome, Exit] = {"landed": Exit.OK, "checks_failed": Exit.CHECKS, "stopped": Exit.SAFETY}
_STYLES: dict[Outcome, str] = {"landed": "green", "checks_failed": "red", "failed": "red", "stopped": "red"}
_MOST_NAMED, _MOST_CHECKS, _MOST_CAUSES = 10, 20, 10


def exit_code(closing: Closing) -> Exit:
    """Says what this end means to a shell."""
    return _EXITS.get(closing.outcome, Exit.SOME_FAILED)


def end_of(progress: Progress, closing: Closing | None) -> Exit:
    """Says what the end of a batch means of which all has settled; one without a closing is judged by its counts."""
    if closing:
        return exit_code(closing)
    return Exit.OK if progress.landed == progress.size else Exit.SOME_FAILED


def facts(closing: Closing | None) -> dict[str, Any]:
    """Names its facts for JSON."""
    parts = {"outcome", "coverage", "failures", "checks", "parts", "in_quarantine", "review"}
    return {} if closing is None else closing.model_dump(mode="json", include=parts)


def lines(batch: Batch, closing: Closing, *, failures: bool = True) -> Iterator[Text]:
    """Tells it to people. Without `failures` where they are listed elsewhere."""
    yield _row("outcome", closing.outcome.replace("_", " "), _STYLES.get(closing.outcome, "yellow"))
    coverage = closing.coverage
    if coverage.expected:
        landed = f"{coverage.landed} of {coverage.expected} accounts"
        yield _row("coverage", landed + (f", {len(coverage.empty)} of them empty" if coverage.empty else ""))
    if coverage.unexpected:
        yield _row("besides", f"{_list(coverage.unexpected)}: landed, and nobody expected them", "yellow")
    if coverage.missing:
        yield _row("missing", _list(coverage.missing), "red")
    if closing.checks:
        yield from _checks(closing.checks)
    if closing.review:
        yield from _reviewed(closing.review)
    for what, how in review_ways(batch, closing):
        yield _row(what, how)
    for group in closing.failures if failures else ():
        about = _list(group.accounts or group.names, group.count)
        yield _row("failed", f"{group.count} {group.error_class}: {words.first_line(group.message)} ({about})", "red")
    if closing.parts:
        yield _row("parts", f"cut into {_list(closing.parts)}")


def places(batch: Batch, closing: Closing | None) -> list[str]:
    """Lists the folders that results of a batch are in, as far as it is known: quarantine is one."""
    published = words.folder(batch)
    quarantine = f"{words.place(batch.output).rstrip('/')}/{quarantine_of(batch.id)}"
    if batch.policy is None or closing is None or not stays_in_quarantine(batch.policy, closing):
        return [published]
    # Where it was not counted, `all_or_nothing` tells: then nothing was published.
    kept = closing.in_quarantine
    none = batch.policy.publish == "all_or_nothing" if kept is None else kept >= closing.landed
    return [quarantine] if none else [published, quarantine]


def review_ways(batch: Batch, closing: Closing) -> Iterator[tuple[str, str]]:
    """Lists what a person can do about results in quarantine."""
    if batch.policy and stays_in_quarantine(batch.policy, closing):
        yield "publish", f'after review: forebay release {batch.id} --reason "…"'
        if closing.outcome == "checks_failed":
            yield "check", f"again, once the spec's checks are mended: forebay check {batch.id}"


def _reviewed(review: Review) -> Iterator[Text]:
    if review.rechecked:
        yield _row("checked", f"again by {review.rechecked.by}, {review.rechecked.at:%Y-%m-%d %H:%M} UTC")
    if review.released:
        released = review.released
        yield _row("released", f"by {released.by}, {released.at:%Y-%m-%d %H:%M} UTC: {released.reason}")


def standing(batch: Batch, progress: Progress, stop: Stop | None) -> Iterator[Text]:
    """Tells why a batch that is not done stands still, or runs with less than it could."""
    if progress.done:
        return
    if progress.paused:
        yield _row("paused", progress.paused.reason, "yellow")
    if stop and not stop.resumed and progress.paused:
        for what, how in ways_on(batch, stop):
            yield _row(what, how)
    elif progress.canary_out:
        yield _row("canary", "the first run goes alone; the others follow once it has ended well", "yellow")


def ways_on(batch: Batch, stop: Stop | None) -> tuple[tuple[str, str], ...]:
    """Lists what a person can do about a batch that its closer stopped, and how."""
    definition = batch.policy.definition if batch.policy else "it"
    # The runs behind it wait with the text that the batch was accepted with, so a mended one is a new batch.
    mend = ("mend it", f"correct the SQL, give this batch up, and: forebay run {definition}")
    again = (
        "again",
        f"what failed of something else: forebay retry {batch.id} --failed, then forebay resume {batch.id}",
    )
    ways = (mend,) if stop and stop.by == "canary" else (mend, again)
    return (
        ("look", f"forebay show {batch.id} --failed"),
        *ways,
        ("go on", f"all the same: forebay resume {batch.id}"),
        ("give up", f"forebay cancel {batch.id}"),
    )


def failure_lines(groups: Sequence[FailureGroup]) -> Iterator[Text]:
    """Lists failures by class, and in it each cause once: in whose words, how often, and where."""
    for error_class in dict.fromkeys(group.error_class for group in groups):
        causes = [group for group in groups if group.error_class == error_class]
        yield styled((f"    {error_class}: {sum(group.count for group in causes)}", "bold"))
        for group in causes[:_MOST_CAUSES]:
            cause = words.first_line(group.message)
            if group.count == 1:
                yield styled(f"      {'/'.join((*group.accounts, *group.names))}  ", (cause, "dim"))
            else:
                yield styled(f"      {group.count} times: ", cause)
                yield styled((f"        {_where(group)}", "dim"))
        if len(causes) > _MOST_CAUSES:
            yield styled((f"      and {len(causes) - _MOST_CAUSES} more causes", "dim"))


def _where(group: FailureGroup) -> str:
    """Names accounts and queries of a cause: examples, and not each of the one met each of the other."""
    if not group.accounts:
        return _list(group.names, group.count)
    if len(group.names) == 1:
        return f"{group.names[0]}: {_list(group.accounts, group.count)}"
    return f"{_list(group.accounts)}: {_list(group.names)}"


def _checks(checks: tuple[Check, ...]) -> Iterator[Text]:
    failed = [check for check in checks if not check.ok]
    yield _row("checks", f"{len(checks) - len(failed)} of {len(checks)} passed", "red" if failed else "green")
    for check in failed[:_MOST_CHECKS]:
        name = f"{check.account}/{check.name}" if check.account else check.name
        yield _row("", f"{check.check} of {name}: {check.finding}", "red")
    if len(failed) > _MOST_CHECKS:
        yield _row("", f"and {len(failed) - _MOST_CHECKS} more: --json has them all", "red")


def _row(name: str, value: str, style: str = "") -> Text:
    return styled((f"  {name:<9}", "dim"), (value, style))


def _list(names: tuple[str, ...], count: int = 0) -> str:
    more = max(count, len(names)) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
