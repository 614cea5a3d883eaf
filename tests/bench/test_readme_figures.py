"""The README's table against alternatives has the figures that bench/README.md measured, and no other."""

import re

from tests.source import ROOT

#: The README's words → those of the bench.
CONTENDERS = {
    "Forebay, told by webhooks": "Forebay, 2 workers: webhooks at 0.3 s",
    "Forebay, told by Stripe's list of events, with nothing to set up": "Forebay, 2 workers: events at 1 s",
    "Forebay, where the key may list no events": "Forebay, 2 workers: looks alone",
    "a Celery task that retries itself, two workers": "Celery retry loop, 2 workers",
    "Stripe's SDK, a thread for each slot": "official SDK in threads",
    "dtex's client, a thread for each slot": "dtex's SigmaClient in threads",
}


def _rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_the_table_against_alternatives_is_what_was_measured() -> None:
    readme = (ROOT / "README.md").read_text().partition("## Why not just a loop?")[2].partition("\n## ")[0]
    bench = (ROOT / "bench/README.md").read_text().partition("### Measured")[2].partition("\n**B**: cap 500")[2]
    header, _, *measured = _rows(bench.partition("\n\n")[2].partition("\n\n")[0])
    by_name = {row[0]: dict(zip(header, row, strict=True)) for row in measured}

    told = {name: figures for name, *figures in _rows(readme)[2:]}

    assert set(told) == set(CONTENDERS)
    for name, figures in told.items():
        row = by_name[CONTENDERS[name]]
        assert (row["landed"], row["failed"], row["doubled"], row["429 cap"]) == ("1500", "0", "0", "0")
        assert figures == [
            f"{float(row['makespan s']):.0f} s",
            f"{float(row['full use']) * 100 + 1e-9:.0f} %",
            f"{int(row['429 rate']):,}",
            row["requests/run"],
        ], name
    best = float(by_name["T°: knows every end at once"]["makespan s"])
    assert re.search(rf"best\s+they take {best:.0f} s", readme)
