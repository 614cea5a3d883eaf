"""Makes models of what the API answers, for the OpenAPI document: tests hold each answer against them.

No answer is made by them: it is what the readings of the commands say. A field that may be hidden from viewers is null
for them; fields that are not told yet are left out.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class AnswerObject(BaseModel):
    """An object of JSON, to which fields may be added at any time."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="allow", strict=True)


class ProblemAnswer(AnswerObject):
    """What went wrong, as RFC 9457 and the commands have it."""

    type: str
    title: str
    """One sentence."""
    status: int
    kind: str = Field(alias="class")
    """In one word, as the commands' `--json` has it."""
    next: str
    """The way out; empty where there is none."""
    exit: int
    """The exit code of a command that meets it."""
