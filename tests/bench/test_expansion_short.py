"""The bench of expansion in a short form: counts, which no machine makes faster or slower."""

from pathlib import Path

from bench.expansion import measure, report


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

    assert found[0].redis_bytes == found[1].redis_bytes
    # Five hundred items a chunk.
    assert objects[1] - objects[0] == 9
    assert "5,000" in report(found)
