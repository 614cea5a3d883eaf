"""Which accounts a group of the spec comes to."""

from pathlib import Path

import pytest

from forebay.config.document.load_spec import WrittenSpec, load_spec
from forebay.config.errors import SpecError
from forebay.scheduler.definitions.accounts import resolve_accounts
from forebay.scheduler.errors import InputError


def spec(folder: Path, group: str) -> WrittenSpec:
    (folder / "forebay.yaml").write_text(
        f"version: 1\nconnections:\n  c: {{mode: test, key: secret://env/K}}\naccounts:\n  eu: {group}\n"
    )
    return load_spec(folder / "forebay.yaml")


def accounts(folder: Path, group: str) -> tuple[str, ...]:
    return resolve_accounts(spec(folder, group), "eu")


def test_the_list_comes_first_and_then_the_file_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("acct_9\n\nacct_1/acct_2\n")

    assert accounts(tmp_path, "{list: [acct_5, acct_3], file: a.txt}") == (
        "acct_5",
        "acct_3",
        "acct_9",
        "acct_1/acct_2",
    )


def test_tags_choose_from_the_file_and_what_is_listed_stands_for_itself(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        'name,account,tags\nOne,acct_1,eu;close\nTwo,acct_2,us\n"Three, Ltd",acct_3,close us\nFour,acct_4\n'
    )

    assert accounts(tmp_path, "{file: a.csv}") == ("acct_1", "acct_2", "acct_3", "acct_4")
    assert accounts(tmp_path, "{file: a.csv, tags: [close]}") == ("acct_1", "acct_3")
    assert accounts(tmp_path, "{list: [acct_9], file: a.csv, tags: [eu, us]}") == (
        "acct_9",
        "acct_1",
        "acct_2",
        "acct_3",
    )


def test_excluded_accounts_are_left_out_wherever_they_came_from(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("acct_1\nacct_2\n")

    assert accounts(tmp_path, "{list: [acct_3], file: a.txt, exclude: [acct_2, acct_3, acct_77]}") == ("acct_1",)


def test_a_group_that_shrank_is_an_error_with_both_numbers_and_its_line(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"line 5: accounts\.eu comes to 2 accounts, and expect_at_least says 12"):
        accounts(tmp_path, "{list: [acct_1, acct_2, acct_3], exclude: [acct_3], expect_at_least: 12}")

    assert len(accounts(tmp_path, "{list: [acct_1, acct_2], expect_at_least: 2}")) == 2


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("{}", "no account is left"),
        ("{list: [acct_1], exclude: [acct_1]}", "no account is left"),
        ("{list: [acct_1], tags: [eu]}", "tags choose from a file"),
        ("{list: [acct_1, acct_2, acct_1]}", "acct_1 stands twice in .*line 5"),
        ("{list: [acct_2], file: a.csv}", r"acct_2 stands in .*forebay\.yaml, line 5 and in .*a\.csv, line 2"),
    ],
)
def test_a_group_that_cannot_be_meant_is_one_sentence(tmp_path: Path, group: str, words: str) -> None:
    (tmp_path / "a.csv").write_text("account\nacct_2\n")

    with pytest.raises(SpecError, match=words):
        accounts(tmp_path, group)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("acct 1\n", r"a\.csv, line 1: an account is written acct_"),
        ("account,tags\nacct_1,eu\n,eu\n", r"a\.csv, line 3: an account is written acct_"),
        ("acct_1,eu\n", r"a\.csv, line 1 has more cells"),
        ('account\n"acct_1\n', r"a\.csv, line 2 is not CSV"),
    ],
)
def test_a_bad_line_of_the_file_is_named(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "a.csv").write_text(content)

    with pytest.raises(InputError, match=words):
        accounts(tmp_path, "{file: a.csv}")


def test_a_group_that_is_not_there_has_a_near_miss(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no group of accounts 'ue'"):
        resolve_accounts(spec(tmp_path, "{list: [acct_1]}"), "ue")
    with pytest.raises(InputError, match=r"there is no file gone\.csv"):
        accounts(tmp_path, "{file: gone.csv}")
