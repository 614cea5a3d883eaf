"""What was found well is not read again, where the same manifest still vouches for it."""

from pathlib import Path

from forebay.landing.verifying.found_well import FoundWell

DIGEST = b"\x01" * 32


def test_what_was_well_is_known_to_who_goes_on(tmp_path: Path) -> None:
    first = FoundWell.open(tmp_path / "d" / "verify", "out", go_on=False)
    first.add("a", DIGEST)
    first.close(complete=False)
    second = FoundWell.open(tmp_path / "d" / "verify", "out", go_on=True)
    assert second.knows("a", DIGEST)
    assert not second.knows("a", b"\x02" * 32), "its manifest has changed since"
    assert not second.knows("b", DIGEST)
    second.add("b", DIGEST)
    second.close(complete=False)
    third = FoundWell.open(tmp_path / "d" / "verify", "out", go_on=True)
    assert third.knows("a", DIGEST) and third.knows("b", DIGEST)
    third.close(complete=True)


def test_nothing_is_known_to_who_begins_anew_names_another_tree_or_comes_after_its_end(tmp_path: Path) -> None:
    for complete, what, go_on in ((False, "out", False), (False, "other", True), (True, "out", True)):
        first = FoundWell.open(tmp_path / "verify", "out", go_on=False)
        first.add("a", DIGEST)
        first.close(complete=complete)
        second = FoundWell.open(tmp_path / "verify", what, go_on=go_on)
        assert not second.knows("a", DIGEST)
        second.close(complete=True)
    first.close(complete=True)


def test_a_line_that_was_being_written_is_no_line(tmp_path: Path) -> None:
    first = FoundWell.open(tmp_path / "verify", "out", go_on=False)
    first.add("a", DIGEST)
    first.close(complete=False)
    (path,) = (tmp_path / "verify").iterdir()
    path.write_bytes(path.read_bytes() + b'{"key": "b", "sha2\xff')
    second = FoundWell.open(tmp_path / "verify", "out", go_on=True)
    assert second.knows("a", DIGEST)
    second.close(complete=True)


def test_nothing_is_left_of_one_that_remembered_nothing(tmp_path: Path) -> None:
    FoundWell.open(tmp_path / "verify", "out", go_on=False).close(complete=False)
    assert list((tmp_path / "verify").iterdir()) == []
    FoundWell.nowhere().close(complete=True)
