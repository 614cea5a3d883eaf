"""Spells and explains once each option that several commands share, alone and in the groups in which they come.

A command takes a group as one parameter (`option_groups.py` makes options of its fields again).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import typer

from forebay.config.near_miss import did_you_mean
from forebay.config.result_format import ResultFormat
from forebay.config.standing import FlowClass, StandingChange
from forebay.scheduler.errors import InputError

_Kind = TypeVar("_Kind", bound=StrEnum)


def flag(name: str, text: str, short: str = "") -> Any:
    """Declares an option that takes no value, and whose help does not ask for one, as Typer's would (`<bool>`)."""
    return typer.Option(name, *filter(None, [short]), help=text, metavar="")


Json = Annotated[bool, flag("--json", "Machine-readable: JSON lines on stdout, one result at the end.")]
Quiet = Annotated[bool, flag("--quiet", "No progress at all; the result only.", "-q")]
NoProgress = Annotated[bool, flag("--no-progress", "Plain lines instead of a moving display.")]
Timeout = Annotated[
    float | None,
    typer.Option(min=0, metavar="SECONDS", help="Stop waiting after so long (exit 5). The work goes on."),
]
ToUrl = Annotated[
    str | None, typer.Option("--to", metavar="URL|PATH", help="s3://bucket/prefix or a folder. [default: ./out]")
]


def one_of(kind: type[_Kind], what: str) -> Callable[[str], _Kind]:
    """Makes a reader of an option that is one of a few words; any other, it says, is `what`: no format."""

    def read(name: str) -> _Kind:
        try:
            return kind(name)
        except ValueError:
            raise typer.BadParameter(f"'{name}' is {what}{did_you_mean(name, [*kind])}") from None

    return read


def format_option(default: str) -> Any:
    """Declares `--format`, whose default depends on the command."""
    return typer.Option(
        "--format",
        parser=one_of(ResultFormat, "no format"),
        metavar="|".join(ResultFormat),
        help="How results are stored: small ones as CSV and large ones as Stripe's zip, or all as one of them. "
        f"[default: {default}]",
    )


Format = Annotated[ResultFormat | None, format_option("auto")]
Account = Annotated[
    str | None, typer.Option(metavar="acct_…", help="The account to ask about, where a query names none itself.")
]
ConnectionName = Annotated[
    str | None, typer.Option("--connection", metavar="NAME", help="Which connection of the spec to use.")
]
Cap = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="At most this many runs alive at once; can only lower the cap.")
]
Queries = Annotated[
    list[str],
    typer.Argument(
        metavar="QUERIES",
        help="SQL files, globs, lists (.csv, .tsv, .json, .ndjson of sql, name, account), or - for standard input; "
        "or the name of a batch or an extract of the spec.",
        show_default=False,
    ),
]
Window = Annotated[
    str | None,
    typer.Option("--window", metavar="2026-01-31", help="Which window of an extract; else the newest that is over."),
]
Param = Annotated[
    list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="Another value for a parameter of the spec.")
]
Fresh = Annotated[bool, flag("--fresh", "Share and replay no earlier run of the same SQL.")]
Again = Annotated[bool, flag("--again", "Run an extract's window that ran once more: another batch.")]
Key = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="Makes it once: the same key is the same batch, however often it is submitted."),
]
BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="Its id, as `forebay ls` shows it.")]
BatchOrExtract = Annotated[
    str, typer.Argument(metavar="BATCH|EXTRACT", help="A batch, or all windows of an extract.", show_default=False)
]
Class = Annotated[
    FlowClass | None,
    typer.Option(
        "--class",
        parser=one_of(FlowClass, "no class"),
        metavar="CLASS",
        help="Who goes first: interactive, then scheduled, then backfill.",
    ),
]
Weight = Annotated[
    float | None,
    typer.Option(
        min=0.01, max=1000, metavar="N", help="Its share of the slots beside others of its class. [default: 1]"
    ),
]
Ceiling = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="The most slots it may hold; 0: as many as its share.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingOptions(StandingChange):
    """How the user wants a batch to be served beside others; None leaves it as it is."""

    flow_class: Class = None
    weight: Weight = None
    ceiling: Ceiling = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionOptions:
    """What may be said of a batch or an extract of the spec, and of nothing else."""

    window: Window = None
    param: Param = None
    fresh: Fresh = False
    again: Again = False

    @property
    def values(self) -> dict[str, str]:
        """Reads the parameters' values by their names. Raises `InputError`."""
        values: dict[str, str] = {}
        for text in self.param or ():
            name, equals, value = text.partition("=")
            if not name or not equals:
                raise InputError(f"--param {text}: write name=value")
            if name in values:
                raise InputError(f"--param {name} is given twice")
            values[name] = value
        return values

    @property
    def given(self) -> bool:
        """Tells whether any was used."""
        return bool(self.window or self.param or self.fresh or self.again)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """What a new batch is made of: all that `run` and `submit` take, except how they talk."""

    queries: Queries
    to: ToUrl = None
    result_format: Format = None
    account: Account = None
    connection: ConnectionName = None
    cap: Cap = None
    key: Key = None
    standing: StandingOptions = StandingOptions()
    definition: DefinitionOptions = DefinitionOptions()
