"""Measures what judging SQL costs, and counts what it says of the corpus.

    python -m bench.validate [--quick]

Three lists of queries: what a program writes (one text, other literals), what people write (the corpus, over and over
in another shape), and long ones. Each list is judged in a process of its own, from the import of the grammar on. The
corpus is `tests/scheduler/sql/trino/corpus/`, with what must come of each query.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass

from bench.figures import RESULTS, table
from forebay.scheduler.sql.trino.selects import Tables
from tests.scheduler.sql.trino.corpus_queries import CorpusQuery, corpus, sandbox_tables

FILES = 10_000
QUICK = 500
KINDS = ("of one shape", "of people", "of 480 lines")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingCost:
    """One list of queries."""

    kind: str
    files: int
    first_ms: float
    """The import of the grammar, and the first query."""
    total_s: float
    peak_mb: float


def texts(kind: str, files: int) -> list[str]:
    """Writes a list of queries."""
    right = [query.sql for query in corpus() if query.severity is None]
    if kind == "of one shape":
        sql = right[0].replace("'1' MONTH", "'{months}' MONTH")
        return [sql.replace("{months}", str(1 + number % 12)) + f" -- {number}" for number in range(files)]
    if kind == "of people":
        return [_in_another_shape(right[number % len(right)], number // len(right)) for number in range(files)]
    steps = ",\n".join(f"step_{number} AS (\n{right[0]}\n)" for number in range(60))
    return [f"WITH {steps}\nSELECT {number} AS n FROM step_1" for number in range(max(1, files // 100))]


def _in_another_shape(sql: str, number: int) -> str:
    """Puts a query into one with eight columns more, of which some, by the number's digits, stand in brackets."""
    columns = (f"({bit}) AS n{bit}" if number >> bit & 1 else f"{bit} AS n{bit}" for bit in range(8))
    return f"WITH q AS (\n{sql}\n)\nSELECT {', '.join(columns)}, q.* FROM q"


def measure(kind: str, files: int) -> JudgingCost:
    """Judges a list, from the import on."""
    queries = texts(kind, files)
    begun = time.process_time()
    from forebay.scheduler.sql.trino.judge import judge

    judge(queries[0], tables=None)
    first = time.process_time()
    for sql in queries:
        judge(sql, tables=None)
    ended = time.process_time()
    return JudgingCost(
        kind=kind,
        files=len(queries),
        first_ms=(first - begun) * 1000,
        total_s=ended - begun,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,  # Linux counts in KiB
    )


def in_own_process(kind: str, files: int) -> JudgingCost:
    """Measures in a process that has done nothing else."""
    command = [sys.executable, "-m", "bench.validate", "--one", kind, "--files", str(files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return JudgingCost(**json.loads(done.stdout))


def said(query: CorpusQuery, tables: Tables | None) -> str:
    """Judges a query of the corpus: right, found, missed or a false alarm."""
    from forebay.scheduler.sql.trino.judge import judge

    severities = {str(finding.severity) for finding in judge(query.sql, tables=tables)}
    if query.severity == "error":
        return "wrong, refused" if "error" in severities else "wrong, warned of" if severities else "wrong, let pass"
    return "right, refused (false alarm)" if "error" in severities else "right, let pass"


def forms(tables: Tables) -> str:
    """Tabulates what each query of the corpus gets that Trino refuses."""
    from forebay.scheduler.sql.trino.judge import judge

    rows = []
    for query in (each for each in corpus() if each.severity == "error"):
        first = judge(query.sql, tables=tables)[0]
        rows.append([query.name.partition(": ")[2], first.rule, first.text.replace("|", "\\|")])
    return table(["what Trino refuses", "rule", "what is said"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} files instead of {FILES:,}")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--files", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        sys.stdout.write(json.dumps(asdict(measure(arguments.one, arguments.files))))
        return
    files = QUICK if arguments.quick else FILES
    costs = [in_own_process(kind, files) for kind in KINDS]
    rows = [
        [cost.kind, f"{cost.files:,}", f"{cost.first_ms:.0f}", f"{cost.total_s:.1f}",
         f"{cost.total_s / cost.files * 1000:.1f}", f"{cost.peak_mb:.0f}"]
        for cost in costs
    ]  # fmt: skip
    tables = sandbox_tables()
    known, unknown = (Counter(said(query, schema) for query in corpus()) for schema in (tables, None))
    text = table(["queries", "files", "first, CPU ms", "all, CPU s", "each, CPU ms", "peak, MB"], rows) + "\n\n"
    verdicts = [[what, str(known[what]), str(unknown[what])] for what in sorted(known | unknown)]
    text += table(["the corpus", "schema known", "not known"], verdicts) + "\n\n" + forms(tables)
    sys.stdout.write(text + "\n")
    if not arguments.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "validate.md").write_text(text + "\n")


if __name__ == "__main__":
    main()
