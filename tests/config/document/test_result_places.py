"""Where results go, and how, that a definition does not say: as `defaults` say, where that fits it."""

from pathlib import Path

import pytest

from forebay.config.document.load_spec import load_spec
from forebay.config.document.result_places import layout_of, write_of
from forebay.config.errors import SpecError
from forebay.config.write_mode import WriteMode

HIVE = "{definition}/day={window.start:%Y-%m-%d}/account={account}/{name}.{ext}"
BY_BATCH = "{batch}/{account}/{name}.{ext}"


def places(folder: Path, defaults: str, fees: str = "", close: str = "") -> list[tuple[str, WriteMode]]:
    """Those of an extract and of a batch."""
    (folder / "forebay.yaml").write_text(
        "version: 1\nconnections:\n  acme: {mode: test, key: secret://env/ACME_KEY}\n"
        "accounts:\n  shops: {list: [acct_1]}\n"
        f"defaults: {{output: ./out{defaults}}}\n"
        f"extracts:\n  fees: {{sql: SELECT 1, accounts: shops, window: {{every: 1d, start: 2026-01-01}}{fees}}}\n"
        f"batches:\n  close: {{sql: SELECT 1, accounts: shops{close}}}\n"
    )
    spec = load_spec(folder / "forebay.yaml").spec
    definitions = (spec.extracts["fees"], spec.batches["close"])
    return [(str(layout_of(each, spec.defaults)), write_of(each, spec.defaults)) for each in definitions]


def test_without_any_word_they_go_as_is_usual(tmp_path: Path) -> None:
    usual = "{extract}/window={window.start}/account={account}/{name}.{ext}"

    assert places(tmp_path, "") == [(usual, WriteMode.REPLACE), (BY_BATCH, WriteMode.VERSIONED)]


def test_what_defaults_say_holds_for_all_that_say_nothing(tmp_path: Path) -> None:
    by_batch = "all/{batch}/{account}/{name}.{ext}"

    assert places(tmp_path, f", layout: '{by_batch}'") == 2 * [(by_batch, WriteMode.VERSIONED)]
    assert places(tmp_path, f", layout: '{by_batch}'", f", layout: '{HIVE}'") == [
        (HIVE, WriteMode.REPLACE),
        (by_batch, WriteMode.VERSIONED),
    ]


@pytest.mark.parametrize("write", WriteMode)
def test_where_defaults_say_how_alone_places_are_such_as_go_with_it(tmp_path: Path, write: WriteMode) -> None:
    both = places(tmp_path, f", write: {write}")

    assert [how for _, how in both] == [write, write]
    assert {"{batch}" in layout for layout, _ in both} == {write is WriteMode.VERSIONED}


def test_a_definitions_own_word_on_how_goes_before_that_of_defaults(tmp_path: Path) -> None:
    both = places(tmp_path, ", write: fail_if_exists", ", write: replace", ", write: versioned")

    assert [how for _, how in both] == [WriteMode.REPLACE, WriteMode.VERSIONED]


@pytest.mark.parametrize(
    ("defaults", "fees", "complaint"),
    [
        (f", layout: '{HIVE}'", "", "batches.close: the layout of 'defaults': "),
        (", layout: 'flat/{name}.{ext}'", "", "extracts.fees: the layout of 'defaults': "),
        (
            ", write: replace",
            f", layout: '{BY_BATCH}'",
            "extracts.fees: the 'write' of 'defaults' is 'replace', and the layout",
        ),
        (
            f", layout: '{BY_BATCH}'",
            ", write: replace",
            "extracts.fees.write: is 'replace', and the layout has {batch}",
        ),
    ],
)
def test_what_does_not_fit_a_definition_is_told_with_whose_word_it_is(
    tmp_path: Path, defaults: str, fees: str, complaint: str
) -> None:
    with pytest.raises(SpecError) as refused:
        places(tmp_path, defaults, fees)

    assert complaint in str(refused.value)
