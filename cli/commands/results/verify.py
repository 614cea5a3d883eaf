"""Proves again that what landed is as its manifests say: `forebay verify`."""

import os
import shlex
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.exits import Exit
from forebay.cli.following.named_batches import named_batches
from forebay.cli.output import plain_text, words
from forebay.cli.output.verification import VerifiedSoFar, VerifyAudience
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.landing.manifest import SUFFIX
from forebay.landing.manifest_schema import schema_text
from forebay.landing.result_paths import folder_of, quarantine_of
from forebay.landing.verifying.discrepancies import Checked, Discrepancy, Discrepant
from forebay.landing.verifying.found_well import FoundWell
from forebay.landing.verifying.stored_result import TreeReading
from forebay.landing.verifying.verifier import PARALLEL, Verifier
from forebay.runtime.open_runtime import open_stores
from forebay.scheduler.batches.absent import absent
from forebay.scheduler.errors import BatchUnknown, InputError
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch

What = Annotated[
    str | None,
    typer.Argument(
        metavar="BATCH|EXTRACT|URL",
        help="A batch, all windows of an extract, or all that lies below a folder or s3://bucket/prefix.",
        show_default=False,
    ),
]
Parallel = Annotated[int, typer.Option(min=1, max=256, metavar="N", help="How many results are read at once.")]
Resume = Annotated[
    bool, options.flag("--resume", "Go on where it was interrupted: what was well then is not read again.")
]
Schema = Annotated[bool, options.flag("--schema", "Print the JSON Schema of manifests, and do nothing else.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """One destination, and what of it is verified."""

    store: Store
    prefixes: tuple[str, ...] = ("",)
    ledger: Ledger | None = None
    batches: tuple[Batch, ...] = ()
    """Those of which the ledger says what has to be there; none where a place is named."""


def verify(
    what: What = None,
    *,
    parallel: Parallel = PARALLEL,
    resume: Resume = False,
    schema: Schema = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Prove again that what landed is as it was.

    Changes nothing. Reads every result: bytes, sha256, records and columns, in each format. Asks neither Redis nor
    Stripe. Ends with 3 where anything is otherwise, else with 1 where something could not be read.
    """
    if schema:
        plain_text.say_text(schema_text())
        return Exit.OK
    if not what:
        raise InputError("name a batch, an extract or a place, as in: forebay verify ./out")
    settings, tally, telling = Settings(), VerifiedSoFar(), VerifyAudience(quiet=quiet, as_json=as_json)
    trees = _trees(settings, what)
    remembered = _remembered(settings, what, telling, resume=resume)
    complete = False
    try:
        for tree in trees:
            _verify(tree, tally, telling, remembered, parallel)
        complete = True
    except KeyboardInterrupt:
        further = "" if remembered.is_empty else f"; forebay verify {shlex.quote(what)} --resume goes on"
        telling.remark(f"interrupted: {words.counted(tally.results, 'result')} checked{further}")
        return Exit.INTERRUPTED
    finally:
        remembered.close(complete=complete)
    if tally.is_empty:
        raise InputError(f"there is no result in {what}, so nothing was verified")
    telling.end(tally)
    return tally.exit_code


def _remembered(settings: Settings, what: str, telling: VerifyAudience, *, resume: bool) -> FoundWell:
    try:
        return FoundWell.open(settings.data_dir / "verify", what, go_on=resume)
    except OSError as error:  # who may only read verifies all the same
        place = settings.data_dir / "verify"
        telling.remark(f"{place}: {error.strerror}; were this interrupted, --resume would begin anew")
        return FoundWell.nowhere()


def _trees(settings: Settings, what: str) -> list[_Tree]:
    """Finds what is meant. Raises `BatchUnknown` and `InputError`."""
    stores = open_stores(settings)
    if "/" in what or what in (".", ".."):
        return [_Tree(store=stores.open(what))]
    ledger = Ledger(stores.open(settings.ledger))
    try:
        batches = named_batches(ledger, load_config(settings), what)
    except BatchUnknown:
        if os.path.isdir(what):  # noqa: PTH112 - pathlib raises for what no folder can be called
            return [_Tree(store=stores.open(what))]
        raise
    trees = []
    for output in dict.fromkeys(batch.output for batch in batches):
        here = tuple(batch for batch in batches if batch.output == output)
        # Windows that ran again may share a folder.
        prefixes = dict.fromkeys(prefix for batch in here for prefix in (folder_of(batch), quarantine_of(batch.id)))
        trees.append(_Tree(store=stores.open(output), prefixes=tuple(prefixes), ledger=ledger, batches=here))
    return trees


def _verify(tree: _Tree, tally: VerifiedSoFar, telling: VerifyAudience, remembered: FoundWell, parallel: int) -> None:
    url, missing, before = tree.store.url, set[str](), tally.read_bytes
    reading = TreeReading(store=tree.store, is_known=lambda key, digest: remembered.knows(f"{url}/{key}", digest))
    verifier = Verifier(reading, parallel=parallel, report=lambda read: telling.progress(tally, before + read))

    def tell(finding: Discrepancy) -> None:
        tally.kinds[finding.kind] += 1
        telling.difference(tree.store, finding)
        if finding.kind is Discrepant.MISSING:
            missing.add(finding.key)

    with closing(verifier.verify(tree.prefixes)) as outcomes:
        for outcome in outcomes:
            if isinstance(outcome, Discrepancy):
                tell(outcome)
                continue
            tally.count(outcome)
            for finding in outcome.findings:
                tell(finding)
            if _is_to_be_remembered(outcome):
                remembered.add(f"{url}/{outcome.key}", outcome.digest)
    tally.read_bytes += verifier.read_bytes
    for finding in _expected(tree, tally):
        if finding.key not in missing:
            tell(finding)


def _is_to_be_remembered(checked: Checked) -> bool:
    return checked.object_key is not None and not checked.findings and not checked.remembered


def _expected(tree: _Tree, tally: VerifiedSoFar) -> Iterator[Discrepancy]:
    """Yields what has to be there by the ledger, and of which there is no manifest."""
    for batch in tree.batches:
        assert tree.ledger  # noqa: S101 - it has the batches
        gone = absent(tree.ledger, tree.store, batch)
        tally.failed += gone.failed
        tally.open += gone.open
        for stem in gone.missing:
            yield Discrepancy(
                kind=Discrepant.MISSING, key=stem + SUFFIX, message="by the ledger it landed, and there is no manifest"
            )
