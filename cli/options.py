"""Options that several commands share, spelled and explained once."""

from typing import Annotated

import typer

from forebay.config.standing import FlowClass

Json = Annotated[bool, typer.Option("--json", help="Machine-readable: JSON lines on stdout, one result at the end.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress at all; the result only.")]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="Plain lines instead of a moving display.")]
Timeout = Annotated[
    float | None,
    typer.Option(min=0, metavar="SECONDS", help="Stop waiting after so long (exit 5). The work goes on."),
]
ToUrl = Annotated[
    str | None, typer.Option("--to", metavar="URL|PATH", help="s3://bucket/prefix or a folder. [default: ./out]")
]
Account = Annotated[
    str | None, typer.Option(metavar="acct_…", help="The account to ask about, where a query names none itself.")
]
ConnectionName = Annotated[
    str | None, typer.Option("--connection", metavar="NAME", help="Which connection of the spec to use.")
]
Cap = Annotated[int | None, typer.Option(min=1, help="At most this many runs alive at once; can only lower the cap.")]
Queries = Annotated[
    list[str],
    typer.Argument(
        metavar="QUERIES…",
        help="SQL files, globs, lists (.ndjson, .jsonl, .csv with sql, name, account), or - for standard input; "
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
Fresh = Annotated[bool, typer.Option("--fresh", help="Share no earlier run of the same SQL.")]
BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="Its id, as `forebay ls` shows it.")]
Class = Annotated[
    FlowClass | None, typer.Option("--class", help="Who goes first: interactive, then scheduled, then backfill.")
]
Weight = Annotated[
    float | None,
    typer.Option(min=0.01, max=1000, help="Its share of the slots beside others of its class. [default: 1]"),
]
Ceiling = Annotated[int | None, typer.Option(min=0, help="The most slots it may hold; 0: as many as its share.")]
