"""The glossary has each word that the code makes values, folders and commands of, and each stands where it says."""

import re
from itertools import pairwise

from forebay.cli.main import COMMANDS
from forebay.config.standing import FlowClass
from forebay.config.stripe import Scope
from forebay.governor.states import Gate, RunState, Step
from forebay.scheduler.extracts.decisions import State
from forebay.scheduler.extracts.gaps import Act
from forebay.store.ledger.failures import FailureClass
from tests.source import FOLDERS, ROOT

ROW = re.compile(r"^\| (?!word)([^|]+) \| ([^|]+) \| `([^`|]+)` \|$", re.MULTILINE)
TEXT = (ROOT / "docs/glossary.md").read_text()
ROWS = [([word.strip("`*") for word in words.split(", ")], path) for words, _, path in ROW.findall(TEXT)]
WORDS = {word for words, _ in ROWS for word in words}


def test_every_line_of_the_table_was_read() -> None:
    assert len(ROWS) == TEXT.count("\n| ") - 1


def test_words_stand_once_and_in_order() -> None:
    first = [re.sub(r"[_-]", " ", words[0]).lower() for words, _ in ROWS]

    assert [(one, other) for one, other in pairwise(first) if one >= other] == []


def test_each_word_lives_where_it_says() -> None:
    assert [path for _, path in ROWS if not (ROOT / path).is_file()] == []


def test_values_of_states_steps_gates_classes_and_failures_are_explained() -> None:
    values = {member.value for kind in (RunState, Step, Gate, FlowClass, FailureClass) for member in kind}

    assert values - WORDS == set()


def test_how_a_window_stands_and_what_fills_a_gap_is_explained() -> None:
    assert {state.value for state in State} - WORDS == set()
    assert all(re.search(rf"\b{act.value}\b", TEXT) for act in (*Act, *Scope))


def test_folders_and_commands_are_explained() -> None:
    assert {*FOLDERS, *COMMANDS} - WORDS == set()


def test_the_words_of_the_architecture_are_explained() -> None:
    (table,) = re.findall(
        r"^\| word \| meaning \|\n(.*?)\n\n", (ROOT / "docs/architecture.md").read_text(), re.M | re.S
    )
    words = set(re.findall(r"^\| (\w+) \|", table, re.M))

    assert words
    assert words - WORDS == set()
