"""Writes what people are told of a batch: names, numbers and causes; no row of data, and no figure from one."""

from forebay.scheduler.closing.reviewing import stays_in_quarantine
from forebay.scheduler.notify import Message
from forebay.store.ledger.outcomes import Closing, FailureGroup, Stop
from forebay.store.ledger.records import Batch
from forebay.store.urls import without_options

_MOST_NAMED = 5
_MOST_LINES = 20


def of_closing(batch: Batch, closing: Closing) -> Message:
    """Writes one message for the whole batch, however many of its runs failed."""
    where = without_options(batch.output)
    lines = [f"{closing.landed} of {closing.runs} runs landed, {closing.records:,} records → {where}"]
    if closing.canceled:
        lines.append(f"{closing.canceled} canceled")
    if closing.coverage.expected:
        lines.append(_coverage(closing))
    lines += [_group(group) for group in closing.failures]
    failed_checks = [check for check in closing.checks if not check.ok]
    lines += [f"check failed: {check.check} of {_named(check.name, check.account)}" for check in failed_checks]
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"and {len(lines) - _MOST_LINES} more"]
    if closing.review and closing.review.released:
        lines.append(f"released by {closing.review.released.by}: {closing.review.released.reason}")
    if batch.policy and stays_in_quarantine(batch.policy, closing):
        lines.append("What was not published stays in quarantine: forebay release, or forebay check.")
    if closing.outcome != "landed":
        lines.append(f"More: forebay show {batch.id}")
    facts = {
        "event": "closed",
        "batch": batch.id,
        "outcome": closing.outcome,
        "runs": closing.runs,
        "landed": closing.landed,
        "failed": closing.failed,
        "canceled": closing.canceled,
        "coverage": closing.coverage.model_dump(mode="json"),
        "failures": [{"class": group.error_class, "count": group.count} for group in closing.failures],
        "failed_checks": [
            {"check": check.check, "name": check.name, "account": check.account} for check in failed_checks
        ],
        **_origin(batch),
    }
    return Message(subject=f"{_title(batch)}: {closing.outcome.replace('_', ' ')}", lines=tuple(lines), facts=facts)


def of_stop(batch: Batch, stop: Stop) -> Message:
    """Writes that a batch stands still until a person decides."""
    return Message(
        subject=f"{_title(batch)}: stopped",
        lines=(
            stop.reason,
            f"Look: forebay show {batch.id} --failed",
            f"Go on all the same: forebay resume {batch.id}; or give up: forebay cancel {batch.id}",
        ),
        facts={"event": "stopped", "batch": batch.id, "by": stop.by, "reason": stop.reason, **_origin(batch)},
    )


def _title(batch: Batch) -> str:
    return f"{batch.policy.definition} ({batch.id})" if batch.policy else batch.id


def _origin(batch: Batch) -> dict[str, object]:
    if batch.policy is None:
        return {}
    window = batch.policy.window and batch.policy.window.model_dump(mode="json")
    return {"definition": batch.policy.definition, "window": window, "output": without_options(batch.output)}


def _coverage(closing: Closing) -> str:
    coverage = closing.coverage
    line = f"{coverage.landed} of {coverage.expected} accounts landed"
    if coverage.empty:
        line += f", {len(coverage.empty)} of them empty"
    if coverage.unexpected:
        line += f"; not expected, and landed: {_list(coverage.unexpected)}"
    return line + (f"; missing: {_list(coverage.missing)}" if coverage.missing else "")


def _group(group: FailureGroup) -> str:
    line = f"{group.count} failed: {group.error_class}"
    if group.error_class.is_quotable:
        line += f": {group.message}"
    return f"{line} ({_list(group.accounts or group.names, group.count)})"


def _list(names: tuple[str, ...], count: int = 0) -> str:
    more = max(count, len(names)) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _named(name: str, account: str | None) -> str:
    return f"{name} ({account})" if account else name
