"""Pauses and resumes a batch, a lane, all lanes of a connection, or an extract: `forebay pause`, `forebay resume`.

What Stripe runs goes on and lands: a pause grants nothing more, and there is no cancel to do otherwise. Of an extract
no new window is submitted; those that were are batches, and go on.
"""

from datetime import UTC, datetime
from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.errors import NotHere
from forebay.cli.exits import Exit
from forebay.cli.following.resuming import tell_nothing, why_over
from forebay.cli.output import events, plain_text
from forebay.cli.submitting.definition_names import extract_of
from forebay.cli.user_name import user_name
from forebay.config.near_miss import near_miss
from forebay.config.settings import Settings
from forebay.scheduler.batches.lookup import find_batch
from forebay.scheduler.errors import BatchUnknown
from forebay.store.ledger.records import Batch, ExtractPause

Target = Annotated[
    str, typer.Argument(metavar="TARGET", help="A batch, a lane (acme:live), a connection (acme), or an extract.")
]
OfExtract = Annotated[bool, options.flag("--extract", "TARGET is an extract: no new windows of it.")]


def pause(
    target: Target,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; shown wherever the pause is.")] = "",
    *,
    extract: OfExtract = False,
    as_json: options.Json = False,
) -> int:
    """Pause a batch, a lane, a connection or an extract.

    Nothing more is granted, or of an extract no new window is submitted; what Stripe runs goes on and lands.
    """
    why = f"{reason or 'no reason given'} (by {user_name()})"
    with open_deployment(Settings()) as deployment:
        if extract:
            extract_of(deployment.config, target)
            changed = deployment.marks.pause(target, ExtractPause(at=datetime.now(UTC), reason=why))
        elif lanes := _lanes(deployment, target):
            changed = sum(deployment.lane_steering.pause(lane, why) for lane in lanes) > 0  # of each, so not `any`
        else:
            over = why_over(deployment, _batch(deployment, target))
            if over:
                return tell_nothing("pause", target, over, as_json=as_json)
            changed = deployment.steering.pause(target, why)
    if as_json:
        events.result(Exit.OK, target=target, changed=changed)
    else:
        plain_text.say(f"{target} {'paused' if changed else 'was paused already'}")
    return Exit.OK


def resume(target: Target, *, extract: OfExtract = False, as_json: options.Json = False) -> int:
    """Let a batch, a lane, a connection or an extract go on."""
    lanes_paused: list[str] = []
    with open_deployment(Settings()) as deployment:
        if extract:
            changed = deployment.marks.resume(target)
            if not changed:
                extract_of(
                    deployment.config, target
                )  # one that was paused and removed since can be resumed all the same
        elif lanes := _lanes(deployment, target):
            changed = sum(deployment.lane_steering.resume(lane) for lane in lanes) > 0
        else:
            batch = _batch(deployment, target)
            over = why_over(deployment, batch)
            if over:
                return tell_nothing("resume", target, over, as_json=as_json)
            changed = deployment.steering.resume(target)
            lanes_paused = [lane.lane for lane in deployment.reader.progress(batch).lanes if lane.paused]
        if changed and not extract:
            deployment.start_work()
    if as_json:
        events.result(Exit.OK, target=target, changed=changed, lanes_paused=lanes_paused)
        return Exit.OK
    plain_text.say(f"{target} {'goes on' if changed else 'was not paused'}")
    plain_text.remark(*(f"its lane {lane} is paused: forebay resume {lane}" for lane in lanes_paused))
    return Exit.OK


def _lanes(deployment: Deployment, target: str) -> list[str]:
    """Finds the lanes that the target names: one of that name, or all of a connection of that name."""
    names = deployment.reader.view.lanes()
    return [name for name in names if name == target or name.startswith(f"{target}:")]


def _batch(deployment: Deployment, target: str) -> Batch:
    """Finds the batch of this id. Raises `NotHere` where the target is no batch either."""
    try:
        return find_batch(deployment.ledger, target)
    except BatchUnknown as error:
        near = error.near or near_miss(target, deployment.reader.view.lanes())
        raise NotHere(
            f"there is no batch, lane or connection {target!r}{near}; `forebay ls` and `forebay lanes` list them "
            "(for an extract add --extract)"
        ) from error
