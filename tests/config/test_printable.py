"""Nothing that others wrote acts on a terminal, and nothing of it is lost."""

import json
import sys

import pytest

from forebay.config.printable import printable, printable_json, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fees [eur] :smile:", "fees [eur] :smile:"),
        ("Gebühren 売上 👍", "Gebühren 売上 👍"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\nb\rc\td\x00\x7f", r"a\nb\rc\td\x00\x7f"),
        ("\x9b31m\x85", r"\x9b31m\x85"),
        ("\u202egnp.exe\u2066\u200b\ufeff", r"\u202egnp.exe\u2066\u200b\ufeff"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\ud800\udcff", r"\ud800\udcff"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_acts_is_spelled_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_no_character_at_all_breaks_a_line_or_the_encoding() -> None:
    everything = printable("".join(map(chr, range(sys.maxunicode + 1))))

    everything.encode()
    assert len(everything.splitlines()) == 1
    assert not [char for char in everything if ord(char) < 32 or 0x7F <= ord(char) <= 0x9F]


def test_lines_that_are_meant_stay_lines() -> None:
    assert printable_lines("SELECT\r\n\t'\x1b'\n") == ["SELECT", r"    '\x1b'", ""]


@pytest.mark.parametrize("text", ["\x1b\x9b\u202e\u2028\ud800", "ü\n\U000e0041\\", '"'])
def test_json_has_the_same_value_and_is_printable(text: str) -> None:
    written = printable_json({"name": text})

    assert written.isprintable()
    assert json.loads(written) == {"name": text}
