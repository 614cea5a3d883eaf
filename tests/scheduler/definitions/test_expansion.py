"""Whatever is wrong with an expansion is found before its first item, and however many items there are, they stream."""

import tracemalloc
from pathlib import Path

import pytest

from forebay.scheduler.definitions.expand import expand_batch
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.errors import InputError, TemplateError
from forebay.scheduler.sql.template import Template
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import FlowSummary
from forebay.store.local import LocalStore
from tests.scheduler.definitions.test_expand import NOW, batch
from tests.scheduler.spec import config_of


def test_what_cannot_be_rendered_is_found_before_anything_is_streamed(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"forebay\.yaml, line 13: there is no value 'params.curency'"):
        batch(tmp_path, "{sql: 'SELECT {{ params.curency }}', params: {currency: usd}}")
    with pytest.raises(TemplateError, match="no value 'account'"):
        batch(tmp_path, "{sql: 'SELECT {{ account }}'}")
    with pytest.raises(TemplateError, match=r"no value 'window\.start'"):
        batch(tmp_path, "{sql: 'SELECT {{ window.start }}'}")
    with pytest.raises(InputError, match="the SQL has 8 bytes, more than the 5 allowed"):
        batch(tmp_path, "{sql: SELECT 1}", most_sql_bytes=5)


@pytest.mark.parametrize("asked", ["sql: '{}'", "sql: SELECT 1, checks: {{tie_out: '{}'}}"])
@pytest.mark.parametrize(
    ("sql", "values", "words"),
    [
        ("SELECT * FROM {{ params.what | raw }}", ["fees", "fees; DELETE FROM fees"], "these are 2 statements"),
        ("{{ params.what | raw }} FROM fees", ["SELECT id", "DELETE"], "'DELETE' begins no query"),
    ],
)
def test_each_text_with_a_raw_value_is_checked_before_anything_is_streamed(
    tmp_path: Path, asked: str, sql: str, values: list[str], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        batch(tmp_path, f"{{{asked.format(sql)}, matrix: {{what: {values}}}}}")


def test_names_that_collide_are_refused(tmp_path: Path) -> None:
    for name in ("a", "a.tie_out"):
        (tmp_path / f"{name}.sql").write_text("SELECT 1")

    with pytest.raises(InputError, match=r"two items are named 'a\.tie_out'"):
        batch(tmp_path, "{sql: ['a.sql', 'a.tie_out.sql'], checks: {tie_out: SELECT 1 AS records}}")
    with pytest.raises(InputError, match=r"two items are named 'close\.m-1'"):
        batch(tmp_path, "{sql: SELECT 1, matrix: {m: [1, '1']}}")
    with pytest.raises(InputError, match=r"two items are named 'close\.m-USD', upper and lower case alike"):
        batch(tmp_path, "{sql: SELECT 1, matrix: {m: [usd, USD]}}")
    with pytest.raises(InputError, match=r"two items are named 'close\.a-x\.b-y\.b-z'"):
        batch(tmp_path, "{sql: SELECT 1, matrix: {a: [x.b-y, x], b: [z, y.b-z]}}")


class CountingStore(LocalStore):
    """A folder that counts what it is asked to write."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.written: list[int] = []

    def put(self, key: str, data: bytes) -> None:
        self.written.append(len(data))
        super().put(key, data)


def many(folder: Path, accounts: int) -> Expansion:
    """Two queries, fifty combinations."""
    listed = ", ".join(f"acct_{number}" for number in range(accounts))
    months = ", ".join(map(str, range(50)))
    definition = f"{{sql: ['SELECT {{{{ params.m }}}}', 'SELECT 2'], accounts: many, matrix: {{m: [{months}]}}}}"
    config = config_of(folder, f"batches:\n  close: {definition}\n", groups=f"  many: {{list: [{listed}]}}")
    return expand_batch(config, "close", now=NOW)


def write(expansion: Expansion, store: LocalStore) -> list[FlowSummary]:
    pairs = (("acme:test", item) for item in expansion.items())
    written = Ledger(store).write_batch(expansion.terms, pairs, connection="acme", created_at=NOW)
    return list(written.batch.flows)


def test_a_hundred_thousand_items_are_rendered_once_a_combination_and_written_in_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expansion = many(tmp_path, accounts=1000)
    rendered = []
    render = Template.render
    monkeypatch.setattr(Template, "render", lambda *given: rendered.append(1) or render(*given))
    store = CountingStore(tmp_path / "ledger")

    assert write(expansion, store) == [FlowSummary(lane="acme:test", size=100_000)]
    assert expansion.size == 100_000
    assert len(rendered) == 2 * 50
    assert len([size for size in store.written if size]) == 100_000 / 500  # marks are empty
    assert sum(store.written) < 2e6


def test_items_stream_through_memory_that_does_not_grow_with_their_number(tmp_path: Path) -> None:
    expansion = many(tmp_path, accounts=200)
    store = LocalStore(tmp_path / "ledger")
    tracemalloc.start()
    write(expansion, store)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert expansion.size == 20_000
    assert peak_bytes < 1_500_000
