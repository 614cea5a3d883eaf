"""The bench of expansion in a short form: counts, which no machine makes faster or slower."""

from pathlib import Path

from bench.expansion import measure, report

#: Bytes between two of the allocator's size classes, where a flow's hash is.
ALLOCATOR_STEP = 64


def test_what_a_batch_leaves_behind_grows_by_chunks_of_the_ledger_and_not_in_redis(
    valkey_url: str, tmp_path: Path
) -> None:
    sizes = (500, 5_000)
    objects = []
    found = []
    for items in sizes:
        folder = tmp_path / str(items)
        folder.mkdir()
        found.append(measure(items, folder, valkey_url))
        objects.append(sum(path.is_file() for path in (folder / "ledger").rglob("*")))

    # The flow's hash differs by the digits of its size, which the allocator rounds up to one of its classes.
    assert abs(found[0].redis_bytes - found[1].redis_bytes) <= ALLOCATOR_STEP, "4,500 more items are in Redis"
    # Five hundred items a chunk.
    assert objects[1] - objects[0] == 9
    assert "5,000" in report(found)
