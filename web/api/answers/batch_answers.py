"""Says what the API answers about batches and their runs."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from forebay.web.api.answers.answer import AnswerObject


class SubmittedAnswer(AnswerObject):
    """A batch that was accepted, now or before."""

    batch: str
    created: bool
    """It was not there before."""
    runs: int
    output: str | None
    lanes: list[str]
    warnings: list[str]


class CountedAnswer(AnswerObject):
    """Runs by how they stand."""

    runs: int | None = None
    waiting: int | None = None
    starting: int | None = None
    alive: int | None = None
    ready: int | None = None
    landed: int | None = None
    failed: int | None = None
    canceled: int | None = None


class ListedBatchAnswer(CountedAnswer):
    """A line of a list; of a batch that cannot be read `message` says why."""

    batch: str
    state: str
    created_at: str
    message: str | None = None
    connection: str | None = None
    source: str | None = None
    output: str | None = None
    bytes: int | None = None
    definition: str | None
    flow_class: str | None = Field(alias="class")


class BatchesAnswer(AnswerObject):
    """Batches, newest first."""

    batches: list[ListedBatchAnswer]
    more: bool
    """There are more than were asked for."""
    cut: bool
    """There were more than are looked through."""
    elsewhere: int
    """Batches of this Redis that are in another ledger, as far as they were met."""


class CauseAnswer(AnswerObject):
    """Something that is in the way."""

    cause: str
    message: str
    lane: str | None
    detail: str | None
    next: str | None


class FailureGroupAnswer(AnswerObject):
    """Failures of one cause."""

    error_class: str
    message: str
    count: int
    accounts: list[str]
    """Examples."""
    names: list[str]
    """Examples."""


class LaneShareAnswer(AnswerObject):
    """How many runs of a batch are on a lane."""

    lane: str
    runs: int


class WayAnswer(AnswerObject):
    """A way on."""

    what: str
    how: str


class BatchAnswer(CountedAnswer):
    """How a batch stands."""

    batch: str
    state: str
    created_at: str
    ended: bool
    """All of it has settled, and is closed."""
    exit: int | None
    """The exit code of a command that follows it; null while it goes on."""
    key: str | None
    """Its caller's key."""
    paused: str | None
    canary_out: bool
    outcome: str | None = None
    coverage: dict[str, Any] | None = None
    checks: list[dict[str, Any]] | None = None
    parts: list[str] | None = None
    in_quarantine: int | None = None
    review: dict[str, Any] | None = None
    source: str
    connection: str
    definition: str | None
    flow_class: str = Field(alias="class")
    output: str | None
    places: list[str] | None
    format: str
    bytes: int
    records: int
    lanes: list[LaneShareAnswer]
    failures: list[FailureGroupAnswer]
    remembered: bool
    """Redis does not know it: its counts are those of the ledger and of manifests."""
    causes: list[CauseAnswer]
    next: list[WayAnswer]
    command: str


class FailureAnswer(AnswerObject):
    """Why a run failed."""

    error_class: str = Field(alias="class")
    message: str
    code: str | None
    query_run: str | None
    request_id: str | None
    attempt: int


class ListedRunAnswer(AnswerObject):
    """A line of a list of runs."""

    position: int
    lane: str
    index: int
    name: str
    account: str | None
    state: str
    known: bool
    attempt: int | None
    query_run: str | None
    trouble: str | None
    failure: FailureAnswer | None


class RunsAnswer(AnswerObject):
    """Runs of a batch."""

    runs: list[ListedRunAnswer]
    next: int | None
    """The `start` of the next page."""
    size: int


class StoryAnswer(AnswerObject):
    """Something that happened to a run."""

    at: str
    what: str
    detail: str
    after_s: float


class RunAnswer(AnswerObject):
    """All that is known of a run."""

    batch: str
    lane: str
    index: int
    position: int
    name: str
    account: str | None
    state: str
    attempt: int
    query_run: str | None
    output: str | None
    reason: str | None
    result: str | None = None
    format: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    records: int | None = None
    manifest: str | None = None
    failure: FailureAnswer | None = None
    trouble: str | None = None
    tries: int | None = None
    attempts: list[FailureAnswer]
    request_ids: list[str]
    story: list[StoryAnswer]
    trouble_of_destination: str | None
    command: str
    sql: str | None


class StatesAnswer(AnswerObject):
    """The states of all runs, half a byte each."""

    columns: int
    lanes: list[dict[str, Any]]
    packed: str


class FailuresAnswer(AnswerObject):
    """What failed and still stands."""

    batch: str
    failed: int
    counted: int
    """Of so many it was read why."""
    failures: list[FailureGroupAnswer]
    next: list[str]


class RunManifestsAnswer(AnswerObject):
    """The manifests of a run: one, or one an account, or one a part."""

    position: int
    lane: str
    index: int
    name: str
    account: str | None
    manifests: list[dict[str, Any]]
    """As docs/manifest.schema.json has them."""


class ManifestsAnswer(AnswerObject):
    """The manifests of the runs of a page that have landed."""

    manifests: list[RunManifestsAnswer]
    next: int | None
    size: int


class LinkAnswer(AnswerObject):
    """A link to a result, for whoever has it."""

    name: str
    account: str | None
    object: str
    """Where it is in our store."""
    url: str
    format: str
    bytes: int
    sha256: str
    records: int | None


class LinksAnswer(AnswerObject):
    """Links to what a run landed as."""

    links: list[LinkAnswer]
    expires_at: str
