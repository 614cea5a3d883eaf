"""A spec and its SQL, looked at without running anything."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from forebay.scheduler.definitions.validation import Remark, Validation, validate
from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.findings import Severity
from forebay.scheduler.sql.trino.selects import Tables
from tests.scheduler.spec import config_of

GOOD = """\
SELECT id, amount
FROM charges
WHERE created >= {{ window.start }} AND created < {{ window.end }}
  AND currency = {{ params.currency }}
"""
TABLES = {"acme": {"charges": {"id": "varchar", "amount": "bigint", "created": "timestamp(3)", "currency": "varchar"}}}
WINDOW = "window: {every: 1d, start: 2026-01-01}"


def validation(
    folder: Path,
    definitions: str,
    names: Sequence[str] = (),
    tables: Mapping[str, Tables] = TABLES,
    **sql: str,
) -> Validation:
    for name, text in sql.items():
        (folder / f"{name}.sql").write_text(text)
    config = config_of(folder, definitions)
    assert config.written
    return validate(config, config.written, names, tables)


def fees(folder: Path, sql: str, definition: str = "params: {currency: usd}", **more: str) -> list[Remark]:
    """Gives the remarks on an extract of one file."""
    definitions = f"extracts:\n  fees:\n    sql: fees.sql\n    {WINDOW}\n    {definition}\n"
    return list(validation(folder, definitions, fees=sql, **more).remarks)


def places(remarks: Sequence[Remark]) -> list[tuple[str, int, str]]:
    return [(Path(remark.file).name, remark.line, remark.rule) for remark in remarks]


def line_of(folder: Path, text: str) -> int:
    lines = (folder / "forebay.yaml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_a_good_definition_is_counted_and_nothing_is_said(tmp_path: Path) -> None:
    seen = validation(
        tmp_path,
        f"extracts:\n  fees: {{sql: fees.sql, {WINDOW}, params: {{currency: usd}}, accounts: three}}\n"
        "batches:\n  close: {sql: [a.sql, SELECT 1], checks: {tie_out: t.sql}}\n",
        fees=GOOD,
        a="SELECT id FROM charges",
        t="SELECT count(*) AS records FROM charges",
    )

    assert (seen.definitions, seen.queries, seen.remarks) == (2, 4, ())


@pytest.mark.parametrize(
    ("old", "new", "line", "rule", "words"),
    [
        ("id, amount", "id, amout", 1, "column", "there is no column 'amout', did you mean 'amount'?"),
        ("FROM charges", "FROM chargs", 2, "table", "there is no table 'chargs', did you mean 'charges'?"),
        ("FROM charges", "FORM charges", 2, "syntax", "is not expected here"),
        ("params.currency", "params.currenzy", 4, "template", "did you mean 'params.currency'?"),
        ("window.end", "window.ende", 3, "template", "there is no value 'window.ende'"),
        ("window.end }}", "window.end", 3, "template", "is never closed"),
        ("{{ params.currency }}", "'{{ params.currency }}'", 4, "template", "inside of a string"),
        ("{{ params.currency }}", "{{ account }}", 4, "template", "there is no value 'account'"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, rule: str, words: str
) -> None:
    errors = [remark for remark in fees(tmp_path, GOOD.replace(old, new, 1)) if remark.severity is Severity.ERROR]

    assert places(errors) == [("fees.sql", line, rule)]
    assert words in errors[0].text


def test_a_mistake_in_inline_sql_is_told_with_its_line_in_the_spec(tmp_path: Path) -> None:
    seen = validation(tmp_path, "batches:\n  close:\n    sql: |\n      SELECT id,\n        amout\n      FROM charges\n")

    assert places(seen.remarks) == [("forebay.yaml", line_of(tmp_path, "amout"), "column")]


def test_a_value_with_line_breaks_moves_no_line(tmp_path: Path) -> None:
    sql = "SELECT id FROM charges WHERE created >= {{ window.start }} AND currency IN ({{ params.c }})\n  AND amout = 1"

    remarks = fees(tmp_path, sql, 'params: {c: ["a\\nb", "c\\n\\nd"]}')

    assert places(remarks) == [("fees.sql", 2, "column")]


def test_a_window_that_no_query_names_is_a_warning(tmp_path: Path) -> None:
    (remark,) = fees(tmp_path, "SELECT id FROM charges", "weight: 1")

    assert (remark.rule, remark.severity) == ("time-bound", Severity.WARNING)
    assert "names neither window.start nor window.end" in remark.text


def test_a_parameter_that_no_query_names_is_a_warning_at_its_line(tmp_path: Path) -> None:
    seen = validation(
        tmp_path, "batches:\n  close:\n    sql: SELECT 1\n    params: {a: 1}\n    matrix:\n      month: [1, 2]\n"
    )

    assert {(remark.line, remark.rule) for remark in seen.remarks} == {
        (line_of(tmp_path, "params:"), "unused"),
        (line_of(tmp_path, "month:"), "unused"),
    }
    assert (seen.errors, seen.warnings) == (0, 2)


def test_a_type_of_a_column_that_no_query_gives_is_a_slip_of_the_pen(tmp_path: Path) -> None:
    spec = "batches:\n  close:\n    sql: [close.sql, other.sql]\n    columns:\n      id: text\n      amout: bigint\n"

    seen = validation(tmp_path, spec, close="SELECT id FROM charges", other="SELECT amount FROM charges")

    (remark,) = seen.remarks
    assert (remark.line, remark.rule) == (line_of(tmp_path, "amout:"), "unused")
    assert remark.text == "no query of close gives a column amout, so its type is of no use"
    starred = validation(tmp_path, spec, close="SELECT id FROM charges", other="SELECT * FROM charges")
    assert [remark.rule for remark in starred.remarks] == ["select-star"], "it may be among these"


def test_a_column_is_given_in_any_case_and_account_by_the_organization(
    tmp_path: Path,
) -> None:
    spec = "batches:\n  close: {sql: close.sql, columns: {Total: bigint, account: text}}\n"

    assert validation(tmp_path, spec, close='SELECT sum(amount) AS "Total" FROM charges').remarks == ()


@pytest.mark.parametrize(
    ("written", "rule"), [("close.sql, checks: {tie_out: nowhere.sql}", "source"), ("slip.sql", "template")]
)
def test_one_slip_is_told_once_and_not_as_an_unused_parameter_too(tmp_path: Path, written: str, rule: str) -> None:
    spec = f"batches:\n  close: {{sql: {written}, params: {{currency: usd}}}}\n"

    seen = validation(tmp_path, spec, close="SELECT id FROM charges", slip="SELECT {{ params.currenzy }} AS c")

    assert [remark.rule for remark in seen.remarks] == [rule]


def test_a_query_that_cannot_be_cut_is_an_error_where_the_definition_wants_to_cut(tmp_path: Path) -> None:
    split = "split: {on: created, min: 1h}"
    bounds = "created >= {{ window.start }} AND created < {{ window.end }}"

    assert fees(tmp_path, f"SELECT id FROM charges WHERE {bounds}", split) == []
    remarks = fees(tmp_path, f"SELECT count(*) AS n FROM charges WHERE {bounds}", split)

    assert places(remarks) == [("fees.sql", 1, "split")]
    assert "cannot be cut" in remarks[0].text and "aggregates" in remarks[0].text


@pytest.mark.parametrize(
    ("select", "more", "reason"),
    [
        ("sum(amount) AS amount", "", "aggregates over the window"),
        ("currency, count(*) AS n", "GROUP BY currency", "GROUP BY"),
        ("DISTINCT currency", "", "DISTINCT"),
        ("id, row_number() OVER (PARTITION BY currency) AS n", "", "window function"),
        ("id", "ORDER BY id", "ORDER BY"),
        ("id", "ORDER BY id LIMIT 5", "LIMIT"),
    ],
)
def test_whatever_looks_at_more_than_one_row_is_refused_with_split_and_welcome_without(
    tmp_path: Path, select: str, more: str, reason: str
) -> None:
    bounds = "created >= {{ window.start }} AND created < {{ window.end }}"
    sql = f"SELECT {select} FROM charges\nWHERE {bounds} {more}"

    remarks = fees(tmp_path, sql, "split: {on: created, min: 1h}")

    refused = [remark for remark in remarks if remark.rule == "split"]
    assert {(Path(remark.file).name, remark.line, remark.severity) for remark in refused} == {
        ("fees.sql", 1, Severity.ERROR)
    }
    assert any(reason in remark.text for remark in refused)
    assert fees(tmp_path, sql, "weight: 1") == []


@pytest.mark.parametrize(
    ("sql", "columns", "remarks"),
    [
        ("SELECT id, amount AS total FROM t", "[id, total]", 0),
        ("SELECT ID, amount AS Total FROM t", "[id, total]", 0),
        ("SELECT account, id FROM t", "[id]", 0),
        ("SELECT id FROM a UNION ALL SELECT x FROM b", "[id]", 0),
        ("SELECT id, amount FROM t", "[id, total]", 1),
        ("SELECT total, id FROM t", "[id, total]", 1),
        ("WITH x AS (SELECT id AS key FROM t) SELECT key FROM x", "[id]", 1),
        ("SELECT * FROM t", "[id, total]", 0),
        ("SELECT count(*) FROM t", "[n]", 0),
        ("SELECT id FROM t", "contract", 0),
    ],
)
def test_columns_that_are_checked_for_are_those_that_the_select_gives(
    tmp_path: Path, sql: str, columns: str, remarks: int
) -> None:
    (tmp_path / "q.sql").write_text(sql)
    definition = f"sql: q.sql, checks: {{columns: {columns}}}, window: {{every: 1d, start: 2026-01-01}}"

    told = [
        each for each in validation(tmp_path, f"extracts:\n  d: {{{definition}}}\n").remarks if each.rule == "columns"
    ]

    assert len(told) == remarks
    assert all("d checks for columns" in each.text and each.file.endswith("q.sql") for each in told)


def test_what_ties_a_query_out_is_looked_at_too(tmp_path: Path) -> None:
    remarks = fees(
        tmp_path,
        GOOD,
        "params: {currency: usd}\n    checks: {tie_out: totals.sql}",
        totals="SELECT sum(amout) AS amount FROM charges WHERE created >= {{ window.start }}",
    )

    assert places(remarks) == [("totals.sql", 1, "column")]


def test_a_pattern_of_tie_outs_has_one_for_each_query_and_each_is_looked_at(tmp_path: Path) -> None:
    spec = "batches:\n  close: {sql: [a.sql, b.sql], checks: {tie_out: 'ties/*.sql'}}\n"
    query, tie = "SELECT id FROM charges", "SELECT count(*) AS records FROM charges"
    (tmp_path / "ties").mkdir()

    good = validation(tmp_path, spec, a=query, b=query, **{"ties/a": tie, "ties/b": tie})
    wrong = validation(tmp_path, spec, **{"ties/b": "SELECT sum(amout) AS amount FROM charges"})
    (tmp_path / "ties" / "b.sql").unlink()
    missing = validation(tmp_path, spec)

    assert (good.queries, good.remarks) == (4, ())
    assert places(wrong.remarks) == [("b.sql", 1, "column")]
    assert "nothing ties out 'b'" in missing.remarks[0].text


@pytest.mark.parametrize("key", ["sql: nowhere.sql", "sql: SELECT 1\n    checks: {tie_out: nowhere.sql}"])
def test_a_file_that_is_not_there_is_told_at_the_key_that_names_it(tmp_path: Path, key: str) -> None:
    seen = validation(tmp_path, f"batches:\n  close:\n    {key}\n")

    assert places(seen.remarks) == [("forebay.yaml", line_of(tmp_path, "nowhere"), "source")]
    assert "there is no file nowhere.sql" in seen.remarks[0].text


def test_accounts_that_cannot_be_meant_are_told_at_their_group(tmp_path: Path) -> None:
    spec = "batches:\n  close: {sql: SELECT 1, accounts: few}\n  other: {sql: SELECT 1, accounts: filed}\n"
    group = "  few: {list: [acct_1], expect_at_least: 2}\n  filed: {file: nowhere.csv}\n"
    config = config_of(tmp_path, spec, groups=group)
    assert config.written

    remarks = validate(config, config.written, (), {}).remarks

    assert [(remark.line, remark.rule) for remark in remarks] == [
        (line_of(tmp_path, "few:"), "accounts"),
        (line_of(tmp_path, "filed:"), "accounts"),
    ]


def test_results_that_would_collide_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.sql").write_text("SELECT 1")

    seen = validation(tmp_path, "batches:\n  close: {sql: [a.sql, sub/a.sql]}\n", a="SELECT 1")

    assert seen.errors == 1
    assert "results would collide" in seen.remarks[0].text


def test_what_only_shows_when_all_is_put_together_is_told_at_the_definition(tmp_path: Path) -> None:
    spec = "batches:\n  close:\n    sql: SELECT {{ params.year }}\n    matrix: {year: [2026, '2026']}\n"

    seen = validation(tmp_path, spec)

    assert places(seen.remarks) == [("forebay.yaml", line_of(tmp_path, "close:"), "definition")]
    assert "close.year-2026" in seen.remarks[0].text


def test_a_tie_out_is_not_cut_so_it_may_add_up(tmp_path: Path) -> None:
    bounds = "created >= {{ window.start }} AND created < {{ window.end }}"

    remarks = fees(
        tmp_path,
        f"SELECT id FROM charges WHERE {bounds}",
        "split: {on: created, min: 1h}\n    checks: {tie_out: totals.sql}",
        totals=f"SELECT count(*) AS records FROM charges WHERE {bounds}",
    )

    assert remarks == []


def test_a_file_of_two_definitions_is_complained_of_once(tmp_path: Path) -> None:
    seen = validation(tmp_path, "batches:\n  a: {sql: q.sql}\n  b: {sql: q.sql}\n", q="SELECT * FROM charges")

    assert (seen.definitions, seen.queries) == (2, 2)
    assert places(seen.remarks) == [("q.sql", 1, "select-star")]


def test_only_the_definitions_named_are_looked_at(tmp_path: Path) -> None:
    spec = "batches:\n  good: {sql: SELECT 1}\n  bad: {sql: SELECT FROM}\n"

    assert validation(tmp_path, spec, ["good"]).remarks == ()
    assert validation(tmp_path, spec, ["bad"]).errors == 1
    with pytest.raises(InputError, match="no extract or batch 'god', did you mean 'good'"):
        validation(tmp_path, spec, ["god"])


def test_names_are_checked_against_the_schema_of_the_definitions_own_connection(tmp_path: Path) -> None:
    spec = "batches:\n  a: {sql: SELECT x FROM y}\n  b: {sql: SELECT x FROM y, connection: shops, accounts: two}\n"

    assert [remark.rule for remark in validation(tmp_path, spec, tables={"acme": {"z": {"x": ""}}}).remarks] == [
        "table"
    ]
    assert validation(tmp_path, spec, tables={}).remarks == ()


def test_the_account_of_a_row_can_be_named_where_the_organization_may_be_asked(tmp_path: Path) -> None:
    spec = "batches:\n  a: {{sql: 'SELECT account, id FROM charges', accounts: three, fan_out: {}}}\n"

    assert validation(tmp_path, spec.format("organization")).remarks == ()
    assert validation(tmp_path, spec.format("per_account")).errors == 1


def sorted_by(folder: Path, sql: str, more: str = "") -> list[Remark]:
    definition = f"{{sql: f.sql, fan_out: organization, by_account: {{column: merchant_id}}{more}}}"
    return list(validation(folder, f"batches:\n  fees: {definition}\n", f=sql).remarks)


def test_the_column_by_which_a_result_is_sorted_is_one_that_the_organization_alone_has(tmp_path: Path) -> None:
    checks = ", checks: {columns: [id]}, columns: {id: text}"
    assert sorted_by(tmp_path, "SELECT merchant_id, id FROM charges", checks) == []
    assert sorted_by(tmp_path, "SELECT account AS merchant_id, id FROM charges", checks) == []


def test_a_select_without_the_column_by_which_its_result_is_sorted_is_an_error(tmp_path: Path) -> None:
    (remark,) = sorted_by(tmp_path, "SELECT id FROM charges")

    assert (remark.rule, remark.severity) == ("by-account", Severity.ERROR)
    assert remark.text == "fees sorts its result by_account, and this SELECT gives no column merchant_id"
