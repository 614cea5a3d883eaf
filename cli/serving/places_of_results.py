"""Says whether results may go where somebody wants them who comes over HTTP: he writes with the server's rights.

A destination of the deployment, or a folder in one, is open to whoever may submit; any other to admins. Pure.
"""

import os.path
from collections.abc import Iterator

from forebay.config.connections import Config
from forebay.scheduler.definitions.destination import destination
from forebay.scheduler.errors import InputError
from forebay.store.urls import bucket_of, folder_of
from forebay.web.errors import NotLetIn


def refuse_elsewhere(config: Config, to: str, *, anywhere: bool, name: str) -> None:
    """Raises `InputError` for what is no URL, and `NotLetIn` for a place that is none of the deployment's."""
    if "://" not in to:
        raise InputError(
            "the place for results: write s3://bucket/prefix or file:///folder; paths count from nowhere here"
        )
    wanted = _place(destination(config, to))
    if anywhere:
        return
    if "?" in to or not any(wanted == place or wanted.startswith(f"{place}/") for place in _places(config)):
        raise NotLetIn(f"{name} may have results land in the destinations of the spec and below them, and nowhere else")


def _places(config: Config) -> Iterator[str]:
    written = config.written
    definitions = [*written.spec.batches.values(), *written.spec.extracts.values()] if written else []
    for output in {None, *(each.output for each in definitions)}:
        yield _place(destination(config, output))


def _place(url: str) -> str:
    """Writes a place in one way, without options; no `..` leads out of it."""
    if url.startswith("s3://"):
        bucket, prefix = bucket_of(url)
        return f"s3://{bucket}/{prefix}".rstrip("/")
    return os.path.normpath(folder_of(url))
