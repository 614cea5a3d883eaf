"""Writes what a recording saw and what follows from it: a file for whoever compares, and a few lines for whoever asked.

No key, no URL, no row and no word of Stripe's but its codes are in it; accounts are only if they were asked for.
"""

import json
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from forebay.cli.recording.answers import Answer, AnswerKind
from forebay.cli.recording.observations import Observations, SeenRun
from forebay.cli.recording.questions import Question, questions
from forebay.config.connections import Connection
from forebay.config.release_number import __version__
from forebay.config.stripe import Api

#: Raised when a field changes its meaning or goes.
SCHEMA = 1
FILE = "forebay-record.json"

_HEADS = {
    AnswerKind.CHANGE: "to be set, or known",
    AnswerKind.RIGHT: "as we assume",
    AnswerKind.OPEN: "still open",
}

Answered = Sequence[tuple[Question, Answer]]


def answered(seen: Observations) -> Answered:
    """Answers each question from what was seen."""
    return [(question, question.read(seen)) for question in questions()]


def as_json(
    seen: Observations, answers: Answered, connection: Connection, *, at: datetime, account: str | None = None
) -> dict[str, Any]:
    """Makes the report; `account` is in it where it is given."""
    return {
        "schema": SCHEMA,
        "forebay": __version__,
        "at": at.isoformat(timespec="seconds"),
        "mode": str(connection.mode),
        "api": str(seen.api),
        "versions": {str(api): connection.version_of(api) for api in Api},
        **({"account": account} if account else {}),
        "requests": seen.requests,
        "runs": [_run(run) for run in seen.runs],
        "stopped": seen.stopped or None,
        "answers": [
            {
                "key": question.key,
                "question": question.words,
                "kind": str(answer.kind),
                "saw": answer.saw,
                "setting": answer.setting,
            }
            for question, answer in answers
        ],
    }


def _run(run: SeenRun) -> dict[str, Any]:
    return {
        "what": run.what,
        "api": str(run.api),
        "create": {"status": run.create.status, "code": run.create.code, "headers": dict(run.create.headers)},
        "query_run": run.query_run,
        "ended_as": run.ended_as,
        "code": run.code,
        "seconds": run.seconds,
        "file_headers": dict(run.file.headers) if run.file else None,
    }


def write(report: dict[str, Any], path: Path) -> None:
    """Puts it there whole, in place of an older one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def lines(answers: Answered) -> Iterator[str]:
    """Says it in words: first what is to be done, last what nobody knows yet."""
    for kind, head in _HEADS.items():
        of_kind = [(question, answer) for question, answer in answers if answer.kind is kind]
        if of_kind:
            yield f"{head}:"
        for question, answer in of_kind:
            yield f"  {question.words} {answer.saw}"
            if answer.setting:
                yield f"      → {answer.setting}"
