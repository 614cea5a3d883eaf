"""Empty is an answer, missing is none."""

from hypothesis import given
from hypothesis import strategies as st

from forebay.scheduler.closing.coverage import coverage

ACCOUNTS = ("acct_a", "acct_b", "acct_c")
RESULTS = st.lists(
    st.tuples(st.sampled_from(ACCOUNTS), st.none() | st.integers(0, 3), st.booleans()),
    max_size=12,
)


def test_an_account_has_landed_when_all_of_its_items_did() -> None:
    covered = coverage(
        ACCOUNTS, [("acct_a", 1, True), ("acct_a", None, False), ("acct_b", 1, True), ("acct_c", 1, True)]
    )
    assert (covered.expected, covered.landed, covered.missing, covered.empty) == (3, 2, ("acct_a",), ())


def test_an_account_is_empty_when_none_of_its_items_has_a_record() -> None:
    covered = coverage(
        ACCOUNTS[:2], [("acct_a", 0, True), ("acct_a", 0, True), ("acct_b", 0, True), ("acct_b", 1, True)]
    )
    assert (covered.landed, covered.empty, covered.missing) == (2, ("acct_a",), ())


def test_records_that_could_not_be_counted_are_some() -> None:
    assert coverage(("acct_a",), [("acct_a", None, True)]).empty == ()


def test_an_account_that_nobody_asked_is_missing() -> None:
    assert coverage(ACCOUNTS[:2], [("acct_a", 1, True)]).missing == ("acct_b",)


def test_one_run_over_the_whole_organization_speaks_for_all_of_them() -> None:
    assert coverage(ACCOUNTS, [(None, 0, True)]).landed == 3
    assert coverage(ACCOUNTS, [(None, 0, True)]).empty == (), "which are in it nobody knows who has not read it"
    assert coverage(ACCOUNTS, [(None, 5, True), (None, None, False)]).missing == ACCOUNTS


def test_of_a_result_that_was_sorted_each_account_speaks_for_itself_and_the_unexpected_are_named() -> None:
    covered = coverage(
        ACCOUNTS, [("acct_a", 0, True), ("acct_b", 2, True), ("acct_x", 1, True)], sorted_by_account=True
    )
    assert (covered.landed, covered.empty, covered.missing) == (2, ("acct_a",), ("acct_c",))
    assert covered.unexpected == ("acct_x",)


def test_what_did_not_land_of_an_organization_is_missing_of_all_accounts() -> None:
    covered = coverage(ACCOUNTS, [("acct_a", 1, True), (None, None, False)], sorted_by_account=True)
    assert (covered.landed, covered.missing) == (0, ACCOUNTS)


def test_what_could_not_be_sorted_speaks_for_no_account() -> None:
    assert coverage(ACCOUNTS, [(None, 5, True)], sorted_by_account=True).missing == ACCOUNTS


def test_where_nobody_is_expected_nobody_is_unexpected() -> None:
    assert coverage((), [("acct_a", 1, True)], sorted_by_account=True).unexpected == ()


def test_where_none_are_expected_nothing_is_missing() -> None:
    covered = coverage((), [(None, 1, True), ("acct_a", None, False)])
    assert (covered.expected, covered.landed, covered.missing) == (0, 0, ())


@given(RESULTS)
def test_each_expected_account_is_landed_or_missing_and_only_what_landed_is_empty(
    results: list[tuple[str, int | None, bool]],
) -> None:
    covered = coverage(ACCOUNTS, results)
    assert covered.landed + len(covered.missing) == covered.expected == 3
    assert not set(covered.empty) & set(covered.missing)
    for account in ACCOUNTS:
        own = [(records, landed) for of, records, landed in results if of == account]
        assert (account in covered.missing) == (not own or not all(landed for _, landed in own))
        assert (account in covered.empty) == bool(own and all(landed and records == 0 for records, landed in own))
