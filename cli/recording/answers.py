"""Says what an answer is: of one open question, what was seen, and what of our settings follows from it."""

from dataclasses import dataclass
from enum import StrEnum


class AnswerKind(StrEnum):
    """What is to be done about it."""

    RIGHT = "right"  # what we assume is so: nothing is to be set
    CHANGE = "change"  # a setting of ours should be another, or somebody has to know
    OPEN = "open"  # it could not be seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a recording says of one question."""

    kind: AnswerKind
    saw: str
    setting: str
    """What follows for our settings; of an open one, what would show it."""


def right(saw: str, setting: str = "our default is right") -> Answer:
    """Makes an answer that changes nothing."""
    return Answer(kind=AnswerKind.RIGHT, saw=saw, setting=setting)


def change(saw: str, setting: str) -> Answer:
    """Makes an answer that somebody has to act on."""
    return Answer(kind=AnswerKind.CHANGE, saw=saw, setting=setting)


def still_open(why: str, shown_by: str) -> Answer:
    """Makes the answer to what was not seen."""
    return Answer(kind=AnswerKind.OPEN, saw=why, setting=shown_by)
