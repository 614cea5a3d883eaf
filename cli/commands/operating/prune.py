"""Removes old, settled batches from the ledger, and leaves their results where they are: `forebay prune`."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from forebay.cli import options
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.exits import Exit
from forebay.cli.output import events, plain_text, words
from forebay.cli.output.confirm import Yes, confirm
from forebay.config.periods import Period
from forebay.config.settings import Settings
from forebay.scheduler.extracts.ready import answers_place
from forebay.scheduler.pruning.choosing import Kept, PruneChoice
from forebay.scheduler.pruning.pruner import Pruner
from forebay.store.ledger.marks import Marks
from forebay.store.ledger.pruned_windows import YOUNGEST_PRUNED

_WHY = {
    Kept.OPEN: "not settled",
    Kept.REVIEW: "results in quarantine wait for `forebay release` or `forebay check`",
    Kept.LATELY: "ended later",
    Kept.KNOWN: "Redis still knows them, so a retry can take them up",
    Kept.NEWEST: "the last that landed of their definitions: the next ones are compared with them",
    Kept.TOGETHER: "parts or repeats of what stays",
    Kept.UNREADABLE: "cannot be read",
}


def _period(text: str) -> Period:
    try:
        period = Period.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if period.elapsed < YOUNGEST_PRUNED:
        raise typer.BadParameter(
            f"'{text}' is too short: the last {YOUNGEST_PRUNED.days} days stay, since for so long a retry or a rebuild "
            "may still go by them; write 30d or more"
        )
    return period


def prune(
    older_than: Annotated[
        Period,
        typer.Option(
            "--older-than", parser=_period, metavar="90d", help="How long ago they ended.", show_default=False
        ),
    ],
    *,
    dry_run: Annotated[bool, options.flag("--dry-run", "Say what it would do, and do nothing.")] = False,
    yes: Yes = False,
    as_json: options.Json = False,
) -> int:
    """Remove old, settled batches from the ledger.

    Their results and manifests stay where they are. Of an extract's windows the ledger keeps that they ran, so none of
    them runs again. What has not settled, waits for a decision, or is the last that landed of its definition stays. It
    says first what it comes to, and asks. Interrupt it whenever you like: the same command goes on with the rest.
    """
    before = datetime.now(UTC) - older_than.elapsed
    with open_deployment(Settings()) as deployment:
        pruner = _pruner(deployment)
        choice = pruner.choose(before)
        if not as_json:
            plain_text.say(*_lines(choice, before))
        question = f"Remove {words.counted(choice.batches, 'batch', 'batches')} from the ledger?"
        if dry_run or (choice.batches and not confirm(question, yes=yes, as_json=as_json)):
            return _tell_end(choice, before, as_json=as_json, dry_run=dry_run)
        pruned = pruner.prune(choice, before)
        return _tell_end(
            choice,
            before,
            as_json=as_json,
            removed={"removed": pruned.batches, "objects": pruned.objects, "leftovers": pruned.leftovers},
        )


def _pruner(deployment: Deployment) -> Pruner:
    return Pruner(
        deployment.ledger,
        Marks(deployment.ledger_store),
        deployment.redis,
        deployment.store,
        answers=answers_place(deployment.settings.ledger),
    )


def _lines(choice: PruneChoice, before: datetime) -> list[str]:
    batches = words.counted(choice.batches, "batch", "batches")
    lines = [f"{batches} settled before {before:%Y-%m-%d %H:%M}Z; what they landed stays where it is"]
    return lines + [f"kept: {count:,} {_WHY[why]}" for why, count in sorted(choice.kept.items())]


def _tell_end(
    choice: PruneChoice,
    before: datetime,
    *,
    as_json: bool,
    dry_run: bool = False,
    removed: dict[str, int] | None = None,
) -> Exit:
    """Tells what was done, and of what could not be read or emptied: then it is not all that was asked for."""
    code = Exit.SOME_FAILED if choice.problems else Exit.OK
    if as_json:
        for name, problem in choice.problems.items():
            events.emit("problem", name=name, message=problem)
        kept: dict[str, Any] = {str(why): count for why, count in choice.kept.items()}
        facts = {"before": before.isoformat(), "batches": choice.batches, "kept": kept, "dry_run": dry_run}
        events.result(code, **facts, **(removed or {}))
        return code
    plain_text.remark(*(f"{name}  stays: {problem}" for name, problem in choice.problems.items()))
    if removed:
        plain_text.say(
            f"{words.counted(removed['removed'], 'batch', 'batches')} removed, {removed['objects']:,} objects of the "
            f"ledger{_leftovers(removed['leftovers'])}"
        )
    return code


def _leftovers(count: int) -> str:
    return f", {count:,} leftovers in quarantine" if count else ""
