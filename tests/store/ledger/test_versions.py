"""A record that changes is never overwritten: who knew of an old version alone finds its number taken."""

from pydantic import TypeAdapter

from forebay.store.interface import Store
from forebay.store.ledger.record_kind import Stored
from forebay.store.ledger.versions import Version, Versions
from forebay.store.local import LocalStore


class Note(Stored):
    text: str


NOTES = Versions(TypeAdapter(Note), lambda name: f"notes/{name}/note")


def test_the_newest_version_counts(store: Store) -> None:
    assert NOTES.last(store, "a") is None
    assert NOTES.create(store, 1, Note(text="one"), "a")
    assert NOTES.create(store, 2, Note(text="two"), "a")

    assert NOTES.last(store, "a") == Version(2, Note(text="two"))
    assert NOTES.number(store, "b") is None


def test_who_slept_finds_its_number_taken(store: Store) -> None:
    NOTES.create(store, 1, Note(text="one"), "a")

    assert not NOTES.create(store, 1, Note(text="of a sleeper"), "a")
    assert NOTES.last(store, "a") == Version(1, Note(text="one"))


def test_a_lost_answer_is_no_other_writer(local_store: LocalStore) -> None:
    NOTES.create(local_store, 1, Note(text="one"), "a")

    assert NOTES.create(local_store, 1, Note(text="one"), "a")


def test_a_record_from_before_there_were_versions_is_the_oldest(store: Store) -> None:
    store.put("notes/a/note.json", b'{"format": 1, "text": "old"}')
    assert NOTES.last(store, "a") == Version(0, Note(text="old"))

    NOTES.create(store, 1, Note(text="new"), "a")
    store.put("notes/a/noted-by-others.json", b"{}")

    assert NOTES.last(store, "a") == Version(1, Note(text="new"))


def test_of_two_changes_at_once_both_stand(local_store: LocalStore) -> None:
    asked: list[str] = []

    def changed(last: Note | None) -> Note:
        if not asked:
            NOTES.create(local_store, 1, Note(text="other"), "a")  # between this one's reading and its writing
        asked.append(last.text if last else "")
        return Note(text=f"{asked[-1]}+mine")

    assert NOTES.change(local_store, changed, "a") == Version(2, Note(text="other+mine"))
    assert asked == ["", "other"]


def test_a_change_that_is_none_writes_nothing(local_store: LocalStore) -> None:
    assert NOTES.change(local_store, lambda _: None, "a") is None
    assert list(local_store.list()) == []
