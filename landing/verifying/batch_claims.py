"""Checks what the manifest of a batch, `_batch.json`, says of its results against what is there.

That each result's bytes are those of its own manifest is `stored_result`'s to find. Here it shows that a result went
with its manifest, or was put in another one's place with a manifest of its own.
"""

import hashlib
import posixpath
from collections.abc import Iterator

from forebay.landing.batch_manifest import BatchManifest, ResultPart, parse_batch_manifest
from forebay.landing.errors import BadManifest
from forebay.landing.manifest import SUFFIX, Manifest, parse_manifest
from forebay.landing.result_paths import QUARANTINE, batch_folder
from forebay.landing.verifying.discrepancies import Checked, Discrepancy, Discrepant
from forebay.store.errors import NotFound, StoreError
from forebay.store.interface import Store


def check_batch(store: Store, key: str) -> Checked:
    """Checks the batch whose manifest is under this key. Raises no StoreError."""
    try:
        data = store.get(key)
        batch = parse_batch_manifest(key, data)
        findings = tuple(_differences(store, key.rpartition("/")[0], batch))
    except BadManifest as error:
        findings = (Discrepancy(kind=Discrepant.BROKEN, key=key, message=error.why),)
    except StoreError as error:
        findings = (Discrepancy(kind=Discrepant.UNREADABLE, key=key, message=str(error)),)
    else:
        return Checked(key=key, digest=hashlib.sha256(data).digest(), findings=findings)
    return Checked(key=key, findings=findings)


def _differences(store: Store, folder: str, batch: BatchManifest) -> Iterator[Discrepancy]:
    place = f"{folder}/" if folder else ""
    named: set[str] = set()
    for result in batch.results or ():
        # From this manifest on, wherever the tree was copied to.
        key = posixpath.normpath(place + _from_here(batch, result.manifest))
        named.add(key)
        yield from _named(store, key, result, batch)
    if batch.results is None:
        return
    for key in store.list(place):
        if key.endswith(SUFFIX) and key not in named:
            manifest = _manifest(store, key)
            # One that landed later belongs to a retry, after which the batch closes again; another batch's, in a folder
            # that they share, to that one's closing.
            if manifest and manifest.landed_at <= batch.at and manifest.batch == batch.batch:
                yield Discrepancy(kind=Discrepant.EXTRA, key=key, message="_batch.json names no such result")


def _from_here(batch: BatchManifest, key: str) -> str:
    if batch.folder is not None:
        return posixpath.relpath(key, batch.folder or ".")
    return key.removeprefix(f"{QUARANTINE}/").removeprefix(batch_folder(batch.batch))


def _named(store: Store, key: str, result: ResultPart, batch: BatchManifest) -> Iterator[Discrepancy]:
    try:
        manifest = _manifest(store, key)
    except NotFound:
        yield Discrepancy(kind=Discrepant.MISSING, key=key, message="_batch.json names it, and it is not there")
        return
    if manifest is None or manifest.landed_at > batch.at:
        return
    if (manifest.object.sha256, manifest.object.bytes) != (result.sha256, result.bytes):
        yield Discrepancy(kind=Discrepant.CHANGED, key=key, message="_batch.json names another result: sha256 differs")


def _manifest(store: Store, key: str) -> Manifest | None:
    """Reads it; None for one that cannot be understood, which is told where it is checked itself."""
    try:
        return parse_manifest(key, store.get(key))
    except BadManifest:
        return None
