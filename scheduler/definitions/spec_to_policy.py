"""Says what the ledger keeps of a definition: the policy of each of its batches, so that no worker needs the spec."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from forebay.config.document.definition_sections import SplitSpec
from forebay.config.document.definitions import DefinitionSpec
from forebay.config.document.load_spec import WrittenSpec
from forebay.config.document.values import Param
from forebay.scheduler.definitions.definition import Definition
from forebay.scheduler.definitions.fan_out import FanOutKind
from forebay.scheduler.windows.calendar import Window
from forebay.store.ledger.batch_policy import Checks, Notify, Policy, Span, Splitting


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The window of a batch, and what its queries are told of it."""

    window: Window
    start: datetime
    """Where they begin to read: at the window's start, or before it by the lookback."""
    timezone: str


def policy_of(
    definition: Definition,
    asked: Asked | None,
    fan_out: FanOutKind,
    accounts: tuple[str, ...],
    templates: Iterable[tuple[str, str, Mapping[str, Param]]],
    *,
    types: bool = False,
) -> Policy:
    """Reads it from the spec. `types`: results are stored in a format that has types, which values may not fit.

    `templates`: name, text and params of each item, read only where it may be split.
    """
    spec, asked_one_by_one = definition.spec, fan_out == "per_account"
    by_account = not asked_one_by_one and spec.by_account is not None
    return Policy(
        definition=definition.name,
        former_names=definition.former_names,
        kind=definition.kind,
        spec_sha256=definition.written.sha256,
        window=Span(start=asked.window.start, end=asked.window.end) if asked else None,
        fan_out=fan_out,
        accounts=accounts if asked_one_by_one or by_account else (),
        canary=asked_one_by_one and len(accounts) > 1 if spec.canary is None else spec.canary,
        publish=spec.publish,
        stop_after=spec.budget.stop_after,
        checks=checks_of(spec, types=types, by_account=by_account),
        split=_splitting(spec.split, asked, templates) if spec.split and asked else None,
        notify=notify_of(definition.written, spec),
    )


def checks_of(definition: DefinitionSpec, *, types: bool, by_account: bool) -> Checks | None:
    """Says what must hold of its results before they count, if anything."""
    checks = definition.checks
    if checks is None:
        return Checks(types=types, accounts=by_account) if types or by_account else None
    return Checks(
        columns=tuple(checks.columns) if isinstance(checks.columns, list) else checks.columns,
        rows_min=checks.rows.min,
        rows_max=checks.rows.max,
        rows_max_change=checks.rows.max_change,
        tie_out=checks.tie_out is not None,
        types=types,
        accounts=by_account,
    )


def notify_of(written: WrittenSpec, definition: DefinitionSpec) -> Notify | None:
    """Says whom a definition, or else the spec's defaults, wants told."""
    notify = definition.notify or written.spec.defaults.notify
    if notify is None:
        return None
    return Notify(
        webhook=notify.webhook, command=None if notify.command is None else tuple(notify.command), on=tuple(notify.on)
    )


def _splitting(split: SplitSpec, asked: Asked, templates: Iterable[tuple[str, str, Mapping[str, Param]]]) -> Splitting:
    listed = list(templates)
    return Splitting(
        on=split.on,
        min=str(split.min),
        max_parts=split.max_parts,
        timezone=asked.timezone,
        start=asked.start,
        end=asked.window.end,
        texts={item: text for item, text, _ in listed},
        values={item: dict(params) for item, _, params in listed},
    )
