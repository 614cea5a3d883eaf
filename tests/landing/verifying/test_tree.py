"""Whatever a tree looks like: each object without a manifest is told, once, and no more is kept than what is open."""

import tracemalloc
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from forebay.landing.manifest import SUFFIX
from forebay.landing.verifying.discrepancies import Checked
from forebay.landing.verifying.tree import Folder, is_batch_manifest, is_manifest, walk

SEGMENTS = st.sampled_from(["a", "a-", "a.b", "A", "z", "_q"])
FOLDERS = st.lists(SEGMENTS, max_size=3).map("/".join)


@given(
    st.sets(st.tuples(FOLDERS, st.sampled_from(["x", "x.y", "y", "x-1"]), st.sampled_from(["object", "manifest"]))),
    st.randoms(),
)
def test_each_object_without_a_manifest_is_extra_once(wanted: set[tuple[str, str, str]], chance: object) -> None:
    prefix = {folder: f"{folder}/" if folder else "" for folder, _, _ in wanted}
    objects = {f"{prefix[folder]}{name}.csv" for folder, name, kind in wanted if kind == "object"}
    manifests = {f"{prefix[folder]}{name}{SUFFIX}" for folder, name, kind in wanted if kind == "manifest"}
    keys = sorted(objects | manifests, key=str.encode)
    extra: list[str] = []
    pending: list[tuple[str, Folder]] = []

    def take(key: str, folder: Folder) -> None:
        folder.take(Checked(key=key, object_key=key.removesuffix(SUFFIX) + ".csv"))
        extra.extend(finding.key for finding in (folder.extra() if folder.is_over else ()))

    for key, folder in walk(keys):
        if is_manifest(key):
            pending.append((key, folder))
            chance.shuffle(pending)  # type: ignore[attr-defined]
            if len(pending) > 2:
                take(*pending.pop())
        else:
            extra.extend(finding.key for finding in (folder.extra() if folder.is_over else ()))
    for each in pending:
        take(*each)
    claimed = {key.removesuffix(SUFFIX) + ".csv" for key in manifests}
    assert sorted(extra) == sorted(objects - claimed)


def test_what_is_left_behind_is_let_go() -> None:
    def keys() -> Iterator[str]:
        for number in range(1000):
            yield f"b{number:04}/fees.csv"
            yield f"b{number:04}/fees{SUFFIX}"

    tracemalloc.start()
    for key, folder in walk(keys()):
        if is_manifest(key):
            folder.take(Checked(key=key, object_key=key))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 50_000, "as of a few folders; of all of them it would be a MB"


def test_manifests_of_batches_are_told_from_those_of_results() -> None:
    assert is_batch_manifest("b/_batch.json") and is_batch_manifest("_batch.json")
    assert not is_batch_manifest("b/my_batch.json")
    assert not is_manifest("b/_batch.json")
