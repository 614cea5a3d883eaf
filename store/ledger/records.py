"""Says what there is of a batch and of its runs in the ledger: the values of its files."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field, SerializerFunctionWrapHandler, TypeAdapter, WrapSerializer

from forebay.config.result_columns import Nulls
from forebay.config.result_format import ResultFormat
from forebay.config.standing import DEFAULT_STANDING, Standing
from forebay.config.stripe import Api
from forebay.config.write_mode import WriteMode
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.by_account import ByAccount
from forebay.store.ledger.caller_key import CallerKey
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.fetched import Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One query of a batch, rendered once, byte for byte."""

    name: str
    sql: str
    account: Annotated[str | None, Field(default=None)]
    """Whom it asks; None, which its line leaves out, is the connection's own account or its organization."""
    share: str | None = None
    """The run (of the same lane, as `created_as` names it) whose idempotency key it uses: the two are one QueryRun."""
    ties: str | None = None
    """The name of the item that this one ties out; its result is compared, and not expected of anybody."""
    parts: int | None = None
    """Into how many parts it is cut before it runs: what its last windows came to would not fit into one query."""
    column_types: Annotated[Mapping[str, str] | None, Field(default=None)] = None
    """By name: types of its result's columns, as the tables tell that were known. For formats with types."""
    nonce: str | None = None
    """Tells its key from that of every earlier run of its batch's id and index, should the ledger forget those, or
    never have had them: it was asked for fresh, or to see these data, and Stripe would replay theirs for 30 days."""

    data_state: str | None = None
    """Which data there were to read when it was accepted, where it shares a run only with what saw the same."""

    fetched: Fetched | None = None
    """The QueryRun that it is a result of, where there is one already; `sql` is empty then, and nothing is created."""

    def created_as(self, run: str) -> str:
        """Names the run under whose key this item, which is `<batch>/<index>`, is created."""
        return self.share or (f"{run}#{self.nonce}" if self.nonce else run)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSummary:
    """How many items of a batch are on one lane; they are numbered from 0."""

    lane: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the texts of a batch came from, so that they can be rendered again once somebody mended them."""

    queries: tuple[str, ...] = ()
    """As they were named on the command line; none where the batch's policy names a definition of the spec."""
    folder: str = ""
    """From which the paths of `queries` count."""
    account: str | None = None
    """Whom a query asks that names nobody itself."""
    params: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the definition that were given other values."""


#: Where results go of a batch that has a place of its own.
BY_BATCH = "{batch}/{account}/{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTerms:
    """What is asked of a batch before it is accepted; its record keeps all of it."""

    id: str
    output: str
    """URL of the destination."""
    source: str
    """Where it came from, for people: a command, an extract's window."""
    result_format: str = ResultFormat.AUTO
    """In which format its results are stored: a name that a newer Forebay may know alone."""
    column_types: Mapping[str, str] = field(default_factory=dict)
    """By name: types that the spec gives to columns, for a format with types."""
    nulls: str = Nulls.EMPTY
    """For a format with types: which empty fields are NULL."""
    layout: str = BY_BATCH
    """Where its results go: segments of text and of `{batch}`, `{account}`, which is left out with its segment where an
    item names none, and `{name}`, which is the last. Window and definition are filled in."""
    write: WriteMode = WriteMode.VERSIONED
    """What happens where another result is. Only a layout without `{batch}` leads to such a place."""
    by_account: ByAccount | None = None
    """How the results of items without an account are sorted by account; not those of tie-outs."""
    standing: Standing = DEFAULT_STANDING
    """How its flows are to be served from the start; what is changed later is only in Redis."""
    policy: Policy | None = None
    """What the spec asks of it; None for queries that were handed in by themselves, which nobody closes."""
    origin: Origin | None = None
    """None where nobody knows: of batches from before it was kept, and of parts, which are rendered from `policy`."""
    caller_key: CallerKey | None = None
    """By which its caller names it; its id follows from that."""

    @property
    def shares_places(self) -> bool:
        """Tells whether another batch may land at the same places."""
        return "{batch}" not in self.layout


class PathNames(StrEnum):
    """How the names of accounts and items stand in the paths of a batch's results."""

    PERCENT = "percent"  # percent-encoded, as `segment` does: of batches of release 0.1.0
    PLAIN = "plain"  # without characters that clients encode, as `plain_segment` does


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(BatchTerms):
    """What `batch.json` says. The batch exists from the moment that this file does."""

    created_at: AwareDatetime
    connection: str
    flows: tuple[FlowSummary, ...]
    chunk_items: int
    """Items in each chunk but the last; kept here so that the setting may change between batches."""
    writing: str
    """Which write made it: the chunks of an interrupted one lie beside, under another mark."""
    api: Api = Api.REPORTING
    """By which generation of Stripe's API its runs are created, whatever its connection says later: a create that is
    sent again by another one would be another query. A record that does not say it is older than the choice."""
    path_names: PathNames = PathNames.PERCENT
    """Kept, so that what landed is found where it lies; a record that does not say it is older than the choice."""

    def sorting_of(self, item: Item) -> ByAccount | None:
        """Says how an item's result is sorted by account; None where it lands as one."""
        return self.by_account if item.account is None and item.ties is None else None

    @property
    def needs_closing(self) -> bool:
        """Tells whether it ends with a closing of its own: plain queries have none, and parts that of their whole."""
        return self.policy is not None and not self.policy.whole

    @property
    def size(self) -> int:
        """Counts its items, over all lanes."""
        return sum(flow.size for flow in self.flows)

    def size_on(self, lane: str) -> int:
        """Counts its items on one lane."""
        return next((flow.size for flow in self.flows if flow.lane == lane), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRecord:
    """Why a run ended without a result."""

    attempt: int
    error_class: FailureClass
    code: Annotated[str | None, Field(default=None)]
    message: str
    query_run: Annotated[str | None, Field(default=None)]
    request_id: Annotated[str | None, Field(default=None)]
    at: AwareDatetime
    fence: int = 0
    """Of the custody in which it was seen to fail; 0 before records had one."""
    retried: bool = False
    """Somebody asked for another attempt since: this is history, no longer how the run ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MendedText:
    """What a run asks from its next attempt on, in place of what it was accepted with."""

    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """That something happened once, and when."""

    at: AwareDatetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AliveAtCancel:
    """What a flow had at Stripe, or may have had, when it was canceled: nothing else of it can be alive since."""

    runs: list[int]
    """Their indexes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractPause:
    """That people want no new windows of an extract."""

    at: AwareDatetime
    reason: str = ""


def aware(moment: datetime) -> datetime:
    """Gives the moment back; without a zone it could be any of 24, so that is a ValueError."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment


def _gathered(record: Mapping[str, Any]) -> dict[str, Any]:
    """Makes one value of class, weight and ceiling, which lie side by side in `batch.json`."""
    return {**record, "standing": {name: record[name] for name in _STANDING if name in record}}


def _spread(batch: Batch, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
    record = handler(batch)
    standing = record.pop("standing")
    return {**record, **standing}


_STANDING = tuple(each.name for each in fields(Standing))
#: `Batch` as `batch.json` has it.
BATCH_SHAPE: TypeAdapter[Batch] = TypeAdapter(Annotated[Batch, BeforeValidator(_gathered), WrapSerializer(_spread)])
