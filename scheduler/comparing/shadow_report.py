"""Holds what a comparison of two batches found, item by item, and writes it where the results are: without a value.

Made by `landed_pairs.py` for `forebay shadow`. The side of each generation of the API has its name.
"""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, computed_field

from forebay.config.stripe import Api
from forebay.landing.result_paths import shadow_report_key
from forebay.scheduler.comparing.row_differences import RowDifferences
from forebay.store.interface import Store
from forebay.store.ledger.batch_policy import Span


class Verdict(StrEnum):
    """How the two results of one item compare."""

    EQUAL = "equal"  # the same bytes
    WRITTEN = "written"  # the same records in the same order; quotes, line ends or a byte order mark differ
    ORDER = "order"  # the same records in another order
    FORM = "form"  # the same values, some of them written in another form
    COLUMNS = "columns"  # columns are missing, added or in another order; the others have the same values
    DIFFERENT = "different"  # other values
    ONE_SIDE = "one_side"  # one landed, and the other failed
    FAILED = "failed"  # both failed
    NOT_COMPARED = "not_compared"  # canceled, gone, or asked with a text that somebody mended

    @property
    def is_difference(self) -> bool:
        """Tells whether it matters which generation is asked."""
        return self not in (Verdict.EQUAL, Verdict.FAILED, Verdict.NOT_COMPARED)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class FailedSide(_Part):
    """Why a side has no result; not in Stripe's words, which may quote a row."""

    error_class: str
    code: str | None = None
    query_run: str | None = None


class LandedSide(_Part):
    """What one side landed."""

    query_run: str
    submitted_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    refreshed_at: AwareDatetime | None
    """Up to when its data had come in, where Stripe said so."""
    bytes: int
    """Of the CSV, as `sha256` is."""
    sha256: str
    records: int | None
    columns: tuple[str, ...]
    types: Mapping[str, str]
    """Of columns, by their names, as Stripe told them."""


class Comparison(_Part):
    """One item, and what both sides have of it."""

    name: str
    account: str | None
    verdict: Verdict
    reporting: LandedSide | FailedSide | None
    """None where it neither landed nor failed."""
    data: LandedSide | FailedSide | None
    rows: RowDifferences | None = None
    """What differs, where the bytes do and could be read; the reporting side is the first."""
    note: str = ""
    """Why nothing more is known."""

    def sides(self) -> Mapping[Api, LandedSide | FailedSide | None]:
        """Gives both."""
        return {Api.REPORTING: self.reporting, Api.DATA: self.data}

    @computed_field  # type: ignore[prop-decorator]
    @property
    def data_moved(self) -> bool | None:
        """Tells whether the two saw data of different times; None where Stripe did not say it of both."""
        times = [side.refreshed_at if isinstance(side, LandedSide) else None for side in self.sides().values()]
        return None if None in times else times[0] != times[1]


class ShadowReport(_Part):
    """What came of all items."""

    format: Literal[1] = 1
    shadow: str
    definition: str
    window: Span | None
    compared_at: AwareDatetime
    connection: str
    batches: Mapping[Api, str]
    items: tuple[Comparison, ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def verdicts(self) -> Mapping[Verdict, int]:
        """Counts the items by their verdicts."""
        return Counter(each.verdict for each in self.items)

    @property
    def equal(self) -> int:
        """Counts the items whose bytes are the same."""
        return sum(each.verdict is Verdict.EQUAL for each in self.items)

    @property
    def differences(self) -> int:
        """Counts the items of which it matters which generation is asked."""
        return sum(each.verdict.is_difference for each in self.items)

    @property
    def not_compared(self) -> int:
        """Counts the items of which nobody knows."""
        return len(self.items) - self.equal - self.differences


def write_report(store: Store, report: ShadowReport) -> str:
    """Puts it beside the folders of both batches, and gives its key. Raises StoreError."""
    key = shadow_report_key(report.shadow)
    store.put(key, report.model_dump_json(indent=1).encode() + b"\n")
    return key
