"""Telling people by a command of theirs, as a process."""

import json
from pathlib import Path

from scheduler.notify import Message, tell
from store.policy import Notify


def test_messages_that_a_command_appends_to_a_file_are_a_line_each(tmp_path: Path) -> None:
    file = tmp_path / "notified.jsonl"
    notify = Notify(command=("sh", "-c", 'cat >> "$0"', str(file)))

    for subject in ("first", "second"):
        tell(notify, Message(subject=subject, lines=("a\nb",), facts={}))

    assert [json.loads(line)["subject"] for line in file.read_text().splitlines()] == ["first", "second"]
