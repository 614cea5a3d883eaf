"""Walks the keys of a landed tree in their order, and finds objects that no manifest vouches for.

A folder is over when the listing has left it and all of its manifests are read, in whatever order that happens. Only
what is open is kept: the keys of a folder and of those that it lies in, however many there are in the tree.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from forebay.landing.batch_manifest import BATCH_MANIFEST
from forebay.landing.manifest import SUFFIX
from forebay.landing.result_paths import QUARANTINE, is_shadow_report
from forebay.landing.verifying.discrepancies import Checked, Discrepancy, Discrepant

_TWICE = "another manifest names the same object: one of the two took another one's place"


@dataclass(slots=True, kw_only=True)
class Folder:
    """One folder, while something in it is open."""

    path: str
    """As keys begin, with the slash."""
    objects: set[str] = field(default_factory=set)
    claimed: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    """Stems whose manifests do not say which object is theirs."""
    unread: int = 0
    """Manifests whose reading has not ended."""
    is_left: bool = False

    @property
    def is_over(self) -> bool:
        return self.is_left and not self.unread

    def take(self, checked: Checked) -> Checked:
        """Notes what came of one of its manifests; adds what only the others beside it show."""
        self.unread -= 1
        if checked.object_key in self.claimed:
            twice = Discrepancy(kind=Discrepant.CONTRADICTED, key=checked.key, message=_TWICE)
            return replace(checked, findings=(*checked.findings, twice))
        if checked.object_key:
            self.claimed.add(checked.object_key)
        elif is_manifest(checked.key):
            self.silent.add(checked.key.removesuffix(SUFFIX))
        return checked

    def extra(self) -> Iterator[Discrepancy]:
        """Yields what no manifest vouches for; in quarantine that is what a landing left behind, and no result."""
        if QUARANTINE in self.path.split("/"):
            return
        stems = tuple(f"{stem}." for stem in self.silent)
        for key in sorted(self.objects - self.claimed):
            if key.startswith(stems):
                continue
            message = "no manifest names it: it is on its way, was left behind, or is somebody else's"
            yield Discrepancy(kind=Discrepant.EXTRA, key=key, message=message)


def is_manifest(key: str) -> bool:
    """Tells a result's manifest from all else."""
    return key.endswith(SUFFIX)


def is_batch_manifest(key: str) -> bool:
    """Tells a batch's manifest from all else."""
    return key.rpartition("/")[2] == BATCH_MANIFEST


def walk(keys: Iterable[str]) -> Iterator[tuple[str, Folder]]:
    """Yields each manifest and its folder, and each folder by its own path once the listing has left it."""
    opened: list[Folder] = []
    for key in keys:
        path = key[: key.rfind("/") + 1]
        while opened and not path.startswith(opened[-1].path):
            yield _leave(opened.pop())
        if not opened or opened[-1].path != path:
            opened.append(Folder(path=path))
        folder = opened[-1]
        if is_manifest(key) or is_batch_manifest(key):
            folder.unread += 1
            yield key, folder
        elif not is_shadow_report(key):
            folder.objects.add(key)
    while opened:
        yield _leave(opened.pop())


def _leave(folder: Folder) -> tuple[str, Folder]:
    folder.is_left = True
    return folder.path, folder
