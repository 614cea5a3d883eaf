"""`forebay pause` and `forebay resume`: of a batch, a lane, all lanes of a connection, or an extract.

What Stripe runs goes on and lands: a pause grants nothing more, and there is no cancel to do otherwise. Of an extract
no new window is submitted; those that were are batches, and go on.
"""

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.errors import NotHere
from forebay.cli.exits import Exit
from forebay.cli.output import events
from forebay.cli.submitting.named import extract_of
from forebay.config.settings import Settings
from forebay.governor.governor import Governor
from forebay.scheduler.errors import BatchUnknown
from forebay.store.marks import Marks
from forebay.store.records import Pause

Target = Annotated[
    str, typer.Argument(metavar="TARGET", help="A batch, a lane (acme:live), a connection (acme), or an extract.")
]
OfExtract = Annotated[bool, typer.Option("--extract", help="TARGET is an extract: no new windows of it.")]


def pause(
    target: Target,
    reason: Annotated[str, typer.Option(help="Why; shown wherever the pause is.")] = "",
    *,
    extract: OfExtract = False,
    as_json: options.Json = False,
) -> int:
    """Grant nothing more to a batch, a lane or a connection; or submit no new windows of an extract."""
    said = f"{reason or 'no reason given'} (by {getpass.getuser()})"
    with open_deployment(Settings()) as deployment:
        if extract:
            extract_of(deployment.config, target)
            changed = Marks(deployment.ledger_store).pause(target, Pause(at=datetime.now(UTC), reason=said))
            return _tell(target, changed, "paused", "was paused already", as_json=as_json)
        changed = _each(
            deployment, target, lambda governor: governor.pause(said), lambda: deployment.steering.pause(target, said)
        )
    return _tell(target, changed, "paused", "was paused already", as_json=as_json)


def resume(target: Target, *, extract: OfExtract = False, as_json: options.Json = False) -> int:
    """Grant again to a batch, a lane or a connection; or submit windows of an extract again."""
    with open_deployment(Settings()) as deployment:
        if extract:
            return _tell(
                target, Marks(deployment.ledger_store).resume(target), "goes on", "was not paused", as_json=as_json
            )
        changed = _each(
            deployment, target, lambda governor: governor.resume(), lambda: deployment.steering.resume(target)
        )
        if changed:
            deployment.start_work()
    return _tell(target, changed, "goes on", "was not paused", as_json=as_json)


def _each(deployment: Deployment, target: str, lane: Callable[[Governor], bool], batch: Callable[[], bool]) -> bool:
    """Does it to the lanes that the target names, or else to the batch. Raises `NotHere` if it is neither."""
    lanes = [name for name in deployment.reader.view.lanes() if name == target or name.startswith(f"{target}:")]
    if lanes:
        changed = [lane(Governor(deployment.redis, name)) for name in lanes]
        return any(changed)
    try:
        return batch()
    except BatchUnknown as error:
        raise NotHere(
            f"there is no batch, lane or connection {target!r}; `forebay ls` and `forebay lanes` list them "
            "(for an extract add --extract)"
        ) from error


def _tell(target: str, changed: bool, done: str, idle: str, *, as_json: bool) -> int:  # noqa: FBT001
    if as_json:
        events.emit({"event": "result", "schema": events.SCHEMA, "exit": 0, "target": target, "changed": changed})
    else:
        typer.echo(f"{target} {done if changed else idle}")
    return Exit.OK
