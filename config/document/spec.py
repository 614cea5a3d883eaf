"""Defines the spec as a whole: its sections. What must hold between them: `references.py`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from forebay.config.document.account_groups import AccountsSpec
from forebay.config.document.connection_spec import ConnectionSpec
from forebay.config.document.definition_sections import NotifySpec
from forebay.config.document.definitions import BatchSpec, Class, ExtractSpec
from forebay.config.document.price_spec import PriceSpec
from forebay.config.document.strict import Strict
from forebay.config.document.values import LayoutText, Name, NonBlank
from forebay.config.result_columns import Nulls
from forebay.config.result_format import ResultFormat
from forebay.config.standing import FlowClass, Standing
from forebay.config.write_mode import WriteMode


class DefaultsSpec(Strict):
    """What holds where a definition, or a command, says nothing."""

    output: NonBlank | None = None
    """Where results go: s3://bucket/prefix, or a folder. Default: ./out"""
    layout: LayoutText | None = None
    """Where in `output` each result of a definition goes. Default: as of each definition."""
    write: Annotated[WriteMode | None, Field(strict=False)] = None
    """What happens where another result of a definition is: replace, fail_if_exists, or versioned. Default: as of each
    definition."""
    result_format: Annotated[ResultFormat | None, Field(alias="format", strict=False)] = None
    """How results are stored: auto (large ones as Stripe's zip, others as CSV), csv, zip, csv.gz, csv.zst or parquet.
    Default: the setting's."""
    nulls: Annotated[Nulls | None, Field(strict=False)] = None
    """Which empty fields are NULL, for parquet: empty (each), unquoted, never. Default: the setting's."""
    connection: str | None = None
    """The name of a connection. Default: the only one."""
    flow_class: Annotated[Class, Field(alias="class")] = "scheduled"
    """Who goes first: interactive, then scheduled, then backfill."""
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """The share of the slots beside others of the class."""
    ceiling: Annotated[int, Field(ge=0)] = 0
    """The most slots that a batch may hold; 0 is as many as its share."""
    notify: NotifySpec | None = None
    """Who is told."""

    @model_validator(mode="before")
    @classmethod
    def _says_where_prices_are(cls, given: object) -> object:
        if isinstance(given, dict) and "price_per_run" in given:
            raise ValueError(
                "price_per_run is a rule of the section 'prices' now: "
                "prices: [{from: 2027-02-01, currency: USD, per_run: …}]"
            )
        return given

    @property
    def standing(self) -> Standing:
        """Says how a batch is served where a definition, or a command, says nothing."""
        return Standing(flow_class=FlowClass(self.flow_class), weight=self.weight, ceiling=self.ceiling)


class Spec(Strict):
    """What Forebay should run, and when."""

    version: Literal[1]
    """The version of this format: 1."""
    connections: Annotated[dict[str, ConnectionSpec], Field(min_length=1)]
    """Ways to Stripe, by name."""
    accounts: dict[Name, AccountsSpec] = {}
    """Groups of accounts, by name."""
    defaults: DefaultsSpec = DefaultsSpec()
    prices: list[PriceSpec] = []
    """What QueryRuns cost, each rule from its day on. Default: nobody knows."""
    extracts: dict[Name, ExtractSpec] = {}
    """Queries that recur, by name."""
    batches: dict[Name, BatchSpec] = {}
    """Queries that run when asked for, by name."""

    @property
    def former_names(self) -> dict[str, tuple[str, ...]]:
        """Lists the names that each extract had, of those that had others."""
        return {name: extract.former_names for name, extract in self.extracts.items() if extract.former_names}
