"""What the ledger keeps of a definition: the policy of each of its batches, so that no worker needs the spec."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from forebay.config.connections import Config
from forebay.config.document.definitions import ChecksSpec, DefinitionSpec, SplitSpec
from forebay.config.document.load_spec import WrittenSpec
from forebay.config.document.values import Param
from forebay.scheduler.windows.calendar import Window
from forebay.store.policy import Checks, Notify, Policy, Span, Splitting


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The window of a batch, and what its queries are told of it: `start` may lie before it."""

    window: Window
    start: datetime
    timezone: str


def policy_of(
    config: Config,
    name: str,
    definition: DefinitionSpec,
    *,
    kind: Literal["extract", "batch"],
    asked: Asked | None,
    fan_out: Literal["per_account", "organization"],
    accounts: tuple[str, ...],
    templates: Iterable[tuple[str, str, Mapping[str, Param]]],
) -> Policy:
    """`templates`: the name, text and params of each item, read only where it may be split."""
    assert config.written  # noqa: S101 - where the definition comes from
    expected = accounts if fan_out == "per_account" else ()
    return Policy(
        definition=name,
        kind=kind,
        spec_sha256=config.written.sha256,
        window=Span(start=asked.window.start, end=asked.window.end) if asked else None,
        fan_out=fan_out,
        accounts=expected,
        canary=len(expected) > 1 if definition.canary is None else definition.canary,
        publish=definition.publish,
        stop_after=definition.budget.stop_after,
        checks=_checks(definition.checks) if definition.checks else None,
        split=_splitting(definition.split, asked, templates) if definition.split and asked else None,
        notify=notify_of(config.written, definition),
    )


def _checks(said: ChecksSpec) -> Checks:
    return Checks(
        columns=tuple(said.columns) if isinstance(said.columns, list) else said.columns,
        rows_min=said.rows.min,
        rows_max=said.rows.max,
        rows_max_change=said.rows.max_change,
        tie_out=said.tie_out is not None,
    )


def notify_of(written: WrittenSpec, definition: DefinitionSpec) -> Notify | None:
    """Whom a definition, or else the spec's defaults, wants told."""
    said = definition.notify or written.spec.defaults.notify
    if said is None:
        return None
    return Notify(
        webhook=said.webhook, command=None if said.command is None else tuple(said.command), on=tuple(said.on)
    )


def _splitting(said: SplitSpec, asked: Asked, templates: Iterable[tuple[str, str, Mapping[str, Param]]]) -> Splitting:
    listed = list(templates)
    return Splitting(
        on=said.on,
        min=str(said.min),
        max_parts=said.max_parts,
        timezone=asked.timezone,
        start=asked.start,
        end=asked.window.end,
        texts={item: text for item, text, _ in listed},
        values={item: dict(params) for item, _, params in listed},
    )
