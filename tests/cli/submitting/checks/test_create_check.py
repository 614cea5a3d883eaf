"""Whether a key may create, found out without a run."""

import pytest

from forebay.cli.exits import Exit
from forebay.cli.submitting.checks.check_result import CheckResult
from forebay.cli.submitting.checks.create_check import create, judge
from forebay.queryrun.errors import (
    CapReachedError,
    InvalidRequestError,
    InvalidSqlError,
    NotFoundError,
    ProviderError,
    QueryRunError,
)
from tests.cli.submitting.checks.conftest import Asked, Configured

ORDERS = ("after_permission", "before_permission", "before_access")
UNKNOWN = "cannot be told without one"


@pytest.fixture(autouse=True)
def _nothing_ran(asked: Asked) -> object:
    """Whatever a test does here, no run came of it."""
    yield
    assert asked.runs() == 0, "a check has started a run"
    assert "200" not in asked.requests().get("create", {})


def row_of(configured: Configured, key: str, account: str | None = None, api: str = "reporting") -> CheckResult:
    config = configured(key, api=api)
    return create(config.connection(), account)


def test_a_key_that_may_create_is_told_to_seem_so_where_stripe_looks_at_the_key_first(
    configured: Configured, asked: Asked
) -> None:
    row = row_of(configured, "rk_test_x")

    assert (row.verdict, row.exit_code) == ("ok", Exit.OK)
    assert row.message.startswith("the key seems to be allowed to create QueryRuns, which only a run proves")
    assert "HTTP 400, invalid_fields" in row.message
    assert asked.requests() == {"create": {"400": 1, "403": 1}}


def test_a_key_that_can_only_read_is_told_so_and_what_it_is_good_for(configured: Configured, asked: Asked) -> None:
    row = row_of(configured, "rk_test_readonly_x")

    assert (row.verdict, row.exit_code) == ("failed", Exit.AUTH)
    assert row.message.startswith("the key can read QueryRuns and not create them: Permission denied")
    assert "sigma_api_write" in row.way_out and "`forebay refetch` and `forebay adopt` work" in row.way_out
    assert asked.requests() == {"create": {"403": 1}}


@pytest.mark.parametrize("key", ["rk_test_x", "rk_test_readonly_x"])
def test_where_stripe_reads_the_body_first_it_says_that_it_cannot_tell(
    configured: Configured, asked: Asked, key: str
) -> None:
    asked.change(body_check="before_access")

    row = row_of(configured, key)

    assert (row.verdict, row.exit_code) == ("warning", Exit.OK)
    assert UNKNOWN in row.message and "before it asks what the key may do" in row.message
    assert asked.requests() == {"create": {"400": 2}}


def test_an_order_between_the_two_is_why_it_only_seems_so(configured: Configured, asked: Asked) -> None:
    asked.change(body_check="before_permission")

    assert "seems" in row_of(configured, "rk_test_readonly_x").message


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("key", ["rk_test_x", "rk_test_readonly_x", "rk_test_noaccess_x", "sk_org_test_x"])
@pytest.mark.parametrize("account", [None, "acct_sandbox0001"])
@pytest.mark.parametrize("api", ["reporting", "data"])
def test_no_order_and_no_key_makes_it_start_a_run(
    configured: Configured, asked: Asked, key: str, account: str | None, api: str, order: str
) -> None:
    asked.change(body_check=order)

    row_of(configured, key, account, api)

    assert asked.runs() == 0


def test_a_feature_that_is_off_for_creates_alone_is_told_in_its_own_sentence(configured: Configured) -> None:
    row = row_of(configured, "rk_test_nopreview_x")

    assert row.exit_code is Exit.AUTH
    assert "not create them: Stripe has not enabled query runs for this account" in row.message


@pytest.mark.parametrize(
    "own",
    [CapReachedError("full", status=429), NotFoundError("no such URL", status=404), ProviderError("x", status=500)],
)
def test_what_is_no_answer_to_the_question_leaves_it_open(own: QueryRunError) -> None:
    row = judge(own, None)

    assert (row.verdict, row.exit_code) == ("warning", Exit.OK)
    assert UNKNOWN in row.message


def test_sql_that_is_missing_may_be_called_invalid(configured: Configured) -> None:
    denied = judge(InvalidSqlError("no SQL", status=400, code="query_run_invalid_sql"), None)

    assert "query_run_invalid_sql" in denied.message


def test_a_create_that_seems_to_have_been_carried_out_is_a_failure_with_a_word_to_us() -> None:
    row = judge(ProviderError("Stripe answered a create without SQL as if it had carried it out", status=200), None)

    assert (row.verdict, row.exit_code) == ("failed", Exit.USAGE)
    assert "tell us" in row.way_out


def test_a_stranger_that_was_refused_for_the_body_too_tells_nothing() -> None:
    own = InvalidRequestError("no", status=400, code="invalid_fields")

    assert UNKNOWN in judge(own, own).message
