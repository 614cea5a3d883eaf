"""Where the results of a definition's batches go: whichever layout is accepted, each has a place that is no other's."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from forebay.config.document.definitions import BatchSpec, ExtractSpec
from forebay.config.document.layout import Layout, default_layout, write_problem
from forebay.config.document.load_spec import WrittenSpec
from forebay.config.document.spec import Spec
from forebay.config.write_mode import WriteMode
from forebay.config.yaml_lines import Document
from forebay.landing.manifest import SUFFIX
from forebay.landing.result_paths import QUARANTINE, folder_of, place_stem
from forebay.scheduler.definitions.definition import Definition
from forebay.scheduler.definitions.result_layout import result_layout, write_mode
from forebay.scheduler.definitions.spec_to_policy import Asked
from forebay.scheduler.windows.calendar import Calendar, Window, window_batch_id
from forebay.store.key_rules import checked
from forebay.store.ledger.records import BATCH_SHAPE, Batch, Item
from tests.landing.test_result_paths import RECORD

SPEC = Spec.model_validate({"version": 1, "connections": {"acme": {"mode": "test", "key": "secret://env/ACME_KEY"}}})
WRITTEN = WrittenSpec(spec=SPEC, document=cast("Document", None), sha256="")


def extract(every: str, zone: str = "Europe/Berlin", start: str = "2026-01-01", **more: Any) -> Definition:
    window = {"every": every, "timezone": zone, "start": start}
    spec = ExtractSpec.model_validate({"sql": "SELECT 1", "accounts": "shops", "window": window, **more})
    return Definition(written=WRITTEN, name="fees", spec=spec)


def window_at(definition: Definition, moment: datetime) -> Window:
    assert isinstance(definition.spec, ExtractSpec)
    return Calendar.of(definition.spec.window).following(moment)


def batch_of(definition: Definition, window: Window, again: int = 0) -> Batch:
    assert isinstance(definition.spec, ExtractSpec)
    asked = Asked(window=window, start=window.start, timezone=definition.spec.window.timezone)
    named = {"id": window_batch_id(definition.name, window, again), "layout": result_layout(definition, asked)}
    return BATCH_SHAPE.validate_python({**RECORD, **named, "path_names": "plain", "write": write_mode(definition)})


def place(batch: Batch, account: str | None = "acct_1", name: str = "fees") -> str:
    return place_stem(batch, Item(name=name, sql="SELECT 1", account=account))


@pytest.mark.parametrize(
    ("every", "folder"),
    [
        ("1d", "fees/window=2026-03-29/"),
        ("1mo", "fees/window=2026-03/"),
        ("1h", "fees/window=2026-03-28T23Z/"),
        ("15m", "fees/window=2026-03-28T2300Z/"),
        ("0 0 * * *", "fees/window=2026-03-28T2300Z/"),
    ],
)
def test_by_default_a_window_has_a_folder_that_says_when_it_begins(every: str, folder: str) -> None:
    definition = extract(every, start="2026-03-01")
    batch = batch_of(definition, window_at(definition, datetime(2026, 3, 28, 23, tzinfo=UTC)))
    assert folder_of(batch) == folder
    assert place(batch) == f"{folder}account=acct_1/fees"
    assert place(batch, None) == f"{folder}fees"
    assert batch.write is WriteMode.REPLACE


def test_a_window_that_runs_again_comes_to_the_same_place_unless_each_batch_is_to_have_its_own() -> None:
    at = datetime(2026, 3, 28, 23, tzinfo=UTC)
    kept, versioned = extract("1d"), extract("1d", write="versioned")
    assert place(batch_of(kept, window_at(kept, at))) == place(batch_of(kept, window_at(kept, at), 1))
    first, again = (batch_of(versioned, window_at(versioned, at), number) for number in (0, 1))
    assert place(first) == ("fees/window=2026-03-29/batch=fees.20260328T2300Z-20260329T2200Z/account=acct_1/fees")
    assert place(again) == place(first).replace("2200Z", "2200Z.r2")


def test_a_batch_has_a_place_of_its_own_and_one_that_replaces_has_its_names() -> None:
    def layout(**more: Any) -> str:
        spec = BatchSpec.model_validate({"sql": "SELECT 1", **more})
        return result_layout(Definition(written=WRITTEN, name="con", spec=spec), None)

    assert layout() == "{batch}/{account}/{name}"
    assert layout(write="replace") == "x-_-con/account={account}/{name}", "a device of Windows is no folder there"
    assert layout(layout="{definition}/x/{name}.{ext}") == "x-_-con/x/{name}"


PIECES = st.sampled_from(
    [
        *("{extract}", "{definition}", "{batch}", "{account}", "account={account}", "x", "v1.2", "a={account}-b"),
        *("{window.start}", "window={window.start}", "{window.end}", "{window.start:%Y/%m/%d}", "{window.start:%Y}"),
        *("{window.start:%m}", "m={window.start:%m-%d}", "{window.start:%Y%j}", "{window.start:%G-%V}"),
        *("{window.start:%Y-%m-%dT%H}", "{window.end:%Y-%m-%dT%H%M}", "{extract}-{window.start}", "{window.start:%d}"),
        *("{window.start:%Y/%m}{account}", "{window.start:%Y/%m/%d/a}={account}"),
    ]
)
EVERY = st.sampled_from(["7m", "1h", "5h", "1d", "3d", "1w", "1mo", "2mo", "30 2 * * *", "0 0 1,15 * *"])
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Beirut"]
)
STARTS = st.sampled_from(["2026-01-01", "2026-01-31T02:30", "2026-01-15T00:00"])
ACCOUNTS = st.none() | st.text(min_size=1, max_size=5) | st.sampled_from(["acct_1", "fees", "2026-01-01", "account=a"])
NAMES = st.text(min_size=1, max_size=5) | st.sampled_from(["fees", "acct_1", "fees.part-01", "a/b", "_batch", "con"])


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Draws an extract whose layout would be accepted."""
    if draw(st.booleans()):
        layout = default_layout(draw(st.sampled_from([None, *WriteMode])), is_extract=True)
    else:
        text = "/".join([*draw(st.lists(PIECES, min_size=1, max_size=4)), "{name}.{ext}"])
        try:
            layout = Layout.parse(text)
        except ValueError:
            assume(False)
    every = draw(EVERY)
    assume(layout.problem(windows=every, fixed_window=False, accounts=True) is None)
    write = WriteMode.REPLACE if layout.shares_places else WriteMode.VERSIONED
    assert write_problem(layout, write) is None
    return extract(every, draw(ZONES), draw(STARTS), layout=layout, write=write)


@given(definitions(), st.integers(0, 700), st.integers(0, 99), st.integers(0, 99), st.data())
def test_two_results_have_two_places_whatever_layout_is_accepted(
    definition: Definition, days: int, one: int, other: int, data: st.DataObject
) -> None:
    assert isinstance(definition.spec, ExtractSpec)
    calendar = Calendar.of(definition.spec.window)
    moment = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(days=days)
    windows = list(islice(calendar.between(moment, datetime.max.replace(year=2400, tzinfo=UTC)), 100))
    results = [
        (windows[number], data.draw(ACCOUNTS, "account"), data.draw(NAMES, "name"), again)
        for number, again in ((one, data.draw(st.integers(0, 1), "again")), (other, 0))
    ]
    batches = [batch_of(definition, window, again) for window, _, _, again in results]
    places = [place(batch, account, name) for batch, (_, account, name, _) in zip(batches, results, strict=True)]
    kept = [result[:3] if batches[0].shares_places else result for result in results]
    assert (places[0] == places[1]) is (kept[0] == kept[1])
    for batch, where in zip(batches, places, strict=True):
        assert checked(where + SUFFIX) and "%" not in where
        assert where.startswith(folder_of(batch))
        assert not where.startswith(f"{QUARANTINE}/")
        # A batch finds its own below its folder, and no other window's.
        assert (folder_of(batches[0]) == folder_of(batches[1])) is (
            kept[0][0] == kept[1][0] and kept[0][3:] == kept[1][3:]
        )
