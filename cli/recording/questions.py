"""Lists what a recording answers: each open question with the function that reads the answer from what was seen.

A question's key is how the report names it. `docs/api-facts.md` has the same questions with the sandbox's switch for
each; those that nobody can ask politely stand at the end, with what would show the answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from forebay.cli.recording import api_questions, file_questions, run_questions
from forebay.cli.recording.answers import Answer, still_open
from forebay.cli.recording.observations import Observations

Read = Callable[[Observations], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question, and its answer."""

    key: str
    words: str
    read: Read


#: By key: in words, and who answers.
ASKED: Mapping[str, tuple[str, Read]] = {
    "idempotency": ("Is the idempotency key honoured by these creates?", api_questions.idempotency),
    "idempotency_other_body": ("What meets a key with another body?", api_questions.other_body),
    "context": ("Does the key need Stripe-Context?", api_questions.context),
    "other_api": ("Does the other generation of the API answer this key?", api_questions.other_api),
    "events": ("Are ends of runs listed as events, and how late?", api_questions.events),
    "limit_headers": ("Which headers of replies tell of limits?", api_questions.limit_headers),
    "long_sql": ("How long an SQL text is accepted?", api_questions.long_sql),
    "account_column": ("What is an organization's column called?", api_questions.account_column),
    "wrong_sql": ("Does wrong SQL meet a refusal, or make a run that fails?", run_questions.wrong_sql),
    "engine_error": ("Which code has a run that the engine fails?", run_questions.engine_error),
    "row_count": ("Is row_count told, and right?", run_questions.row_count),
    "inline_values": ("Are values of rows in the answer text, or of their column's type?", run_questions.inline_values),
    "column_types": ("Which types do columns have?", run_questions.column_types),
    "run_refreshed_at": ("Is a run's refreshed_at the moment up to which data go?", run_questions.run_refreshed_at),
    "tables_refreshed_at": ("Is a table's refreshed_at that of its data?", run_questions.tables_refreshed_at),
    "range": ("Does the host of files honour Range?", file_questions.ranges),
    "if_range": ("Has a file an ETag, and is If-Range honoured?", file_questions.if_range),
    "content_encoding": ("Is a file compressed on the way?", file_questions.content_encoding),
    "zip_layout": ("How is a zip laid out?", file_questions.zip_layout),
    "zip_content_type": ("What is the content of a zip called?", file_questions.zip_content_type),
    "zip_size": ("Is a zipped result's size that of the zip, or of the CSV?", file_questions.zip_size),
    "csv_times": ("How are times and dates written?", file_questions.csv_times),
    "csv_values": ("How are decimals, nulls and empty texts written?", file_questions.csv_values),
}

#: What would have to be provoked: key → question, and what would show the answer.
NOT_ASKED: Mapping[str, tuple[str, str]] = {
    "cap_scope": (
        "Is the cap an account's, an organization's or a key's?",
        "a full cap: whether another account's create is then refused; `lane.scope`",
    ),
    "cap_per_api": ("Do both generations share one cap?", "a full cap of one, and a create by the other; `lane.apart`"),
    "rate_per_api": (
        "Have both generations rates of requests of their own?",
        "a 429 for requests of one while the other is answered; `budgets` count both together, which holds either way",
    ),
    "cap_429": (
        "Which code and headers has the cap's 429?",
        "a batch that meets the cap: `forebay lanes` and the log name both; no setting goes by it",
    ),
    "timeout_code": (
        "Which code has a run that was ended after 90 minutes?",
        "a run that takes so long: the ledger keeps its code; the duration decides, and no setting",
    ),
    "canceled": (
        "How is a cancel shown and told?",
        "a run that somebody ends in the Dashboard: `forebay show` has its code",
    ),
    "expires_midway": (
        "Does a download end when its URL expires meanwhile?",
        "a result that takes longer than five minutes to fetch; the next try begins with a new URL either way",
    ),
    "price": ("What is a run's price, and is a failed one billed?", "the invoice of a month; `prices` of the spec"),
    "versions": ("Until when is this version taken?", "a 400 that names the version; `api_version`"),
}


def questions() -> Sequence[Question]:
    """Lists all of them, those that can be asked first."""
    asked = [Question(key=key, words=words, read=read) for key, (words, read) in ASKED.items()]
    return asked + [
        Question(key=key, words=words, read=_open("it is not asked, since that would have to be provoked", shown_by))
        for key, (words, shown_by) in NOT_ASKED.items()
    ]


def _open(why: str, shown_by: str) -> Read:
    return lambda _: still_open(why, shown_by)
