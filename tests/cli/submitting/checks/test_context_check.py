"""What `doctor` finds out of a key: whether it is taken, whether it needs Stripe-Context, and whom it reaches."""

from itertools import product

import pytest

from forebay.cli.exits import Exit
from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict
from forebay.cli.submitting.checks.context_check import Answers, judge, key_rows
from forebay.cli.submitting.checks.key_check import StripeFalters, refused
from forebay.config.connections import Config, Connection
from forebay.queryrun.errors import AuthError, ProviderError
from tests.cli.submitting.checks.conftest import Asked, Configured, told

MINE, OTHER = "acct_sandbox0001", "acct_sandbox0002"
GROUP = f"accounts: {{all: {{list: [{OTHER}]}}}}\nbatches: {{b: {{sql: SELECT 1, accounts: all}}}}\n"


def rows_of(config: Config, account: str | None = None) -> list[CheckResult]:
    return key_rows(config, None, account)[0]


@pytest.mark.parametrize(
    ("key", "account", "said", "way_out"),
    [
        ("sk_test_invalid_x", None, "Stripe does not know this key", "rolled or deleted"),
        ("rk_test_nopreview_x", None, "its preview was not joined", "ask Stripe for the preview"),
        ("rk_test_nosigma_x", None, "no subscription to Stripe Sigma", "activate Stripe Sigma"),
        ("rk_test_noaccess_x", None, "Stripe's words do not tell which", "and activate Stripe Sigma"),
        ("rk_test_noaccess_x", MINE, "Stripe's words do not tell which", "and activate Stripe Sigma"),
        ("rk_test_nothing_x", None, "lacks the permission to read QueryRuns, or needs Stripe-Context", "--account"),
        (
            "rk_test_needscontext_x",
            None,
            "lacks the permission to read QueryRuns, or needs Stripe-Context",
            "--account",
        ),
        ("rk_test_nothing_x", MINE, f"with Stripe-Context {MINE} and without", "reporting_write"),
        ("rk_test_needscontext_x", OTHER, f"with Stripe-Context {OTHER} and without", "is that its account?"),
    ],
)
def test_each_refusal_of_a_key_has_a_sentence_and_a_way_out_of_its_own(
    configured: Configured, key: str, account: str | None, said: str, way_out: str
) -> None:
    (row,) = rows_of(configured(key), account)

    assert (row.check, row.verdict, row.exit_code) == ("key", "failed", Exit.AUTH)
    assert said in row.message and "HTTP 40" in row.message, "and Stripe's own words follow"
    assert way_out in row.way_out


@pytest.mark.parametrize(
    ("key", "account", "said", "way_out"),
    [
        ("rk_test_x", None, "not needed: Stripe takes the key without Stripe-Context, and none is sent", ""),
        ("rk_test_x", MINE, f"not needed: Stripe takes the key with Stripe-Context {MINE}, and without", ""),
        ("rk_test_needscontext_x", MINE, "needed: ", f"set FOREBAY_CONTEXT={MINE}"),
        ("sk_org_test_x", None, "asks the whole organization", ""),
        ("sk_org_test_x", OTHER, f"sent where an account is named ({OTHER} is taken)", ""),
    ],
)
def test_a_key_that_is_taken_is_told_whether_it_needs_the_context(
    configured: Configured, key: str, account: str | None, said: str, way_out: str
) -> None:
    key_row, context = rows_of(configured(key), account)

    assert told([key_row, context]) == [("key", "ok"), ("context", "ok")]
    assert context.message.startswith(said) or said in context.message
    assert context.way_out.startswith(way_out) and bool(context.way_out) == bool(way_out)


def test_what_it_says_to_write_is_all_that_was_missing(configured: Configured) -> None:
    before = rows_of(configured("rk_test_needscontext_x"))
    by_setting = rows_of(configured("rk_test_needscontext_x", context=MINE))
    advised = rows_of(configured("rk_test_needscontext_x", connection=", lane: {margin: 0}"), MINE)[1]
    by_spec = rows_of(configured("rk_test_needscontext_x", connection=f", context: {MINE}"))

    assert told(before) == [("key", "failed")]
    assert told(by_setting) == told(by_spec) == [("key", "ok"), ("context", "ok")]
    assert f"write `context: {MINE}` into connections.acme of the spec" in advised.way_out
    assert by_setting[1].way_out == by_spec[1].way_out == "", "nothing is left to write"


def test_a_context_that_is_not_needed_may_go(configured: Configured) -> None:
    _, context = rows_of(configured("rk_test_x", context=MINE))

    assert context.message.endswith("and without; `context` may go")


@pytest.mark.parametrize(
    ("key", "account", "said"),
    [
        ("rk_test_x", OTHER, "it is the key of another account"),
        ("sk_org_test_x", "acct_nobody", "is it one of the organization's"),
    ],
)
def test_an_account_that_the_key_does_not_reach_is_not_the_keys_fault(
    configured: Configured, key: str, account: str, said: str
) -> None:
    key_row, row = rows_of(configured(key), account)

    assert told([key_row, row]) == [("key", "ok"), ("account", "failed")]
    assert row.exit_code is Exit.AUTH
    assert row.message.startswith(f"the key has no access to {account}: ")
    assert said in row.way_out


def test_one_account_of_an_organization_without_the_feature_is_told_from_one_that_is_not_its(
    configured: Configured, asked: Asked
) -> None:
    asked.change(no_access=OTHER)

    key_row, row = rows_of(configured("sk_org_test_x"), OTHER)

    assert told([key_row, row]) == [("key", "ok"), ("account", "failed")]
    assert row.message.startswith(f"{OTHER}: this account may not use query runs")
    assert f"leave {OTHER} out" in row.way_out


def test_without_an_account_the_first_of_the_spec_is_asked_about(configured: Configured) -> None:
    _, context = rows_of(configured("sk_org_test_x", more=GROUP))

    assert OTHER in context.message


def test_a_key_for_each_account_is_asked_without_the_header_and_with_it_only_where_that_fails(
    configured: Configured, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"ACME_KEY_{OTHER}", f"rk_test_{OTHER}_x")
    _, plain = rows_of(configured(per_account=True, more=GROUP))
    once = asked.requests()

    monkeypatch.setenv(f"ACME_KEY_{MINE}", "rk_test_needscontext_x")
    (needs,) = rows_of(configured(per_account=True, more=GROUP), MINE)
    heeded = rows_of(configured(per_account=True, connection=", context: account", more=GROUP), MINE)

    assert "none is sent" in plain.message and once == {"retrieve": {"404": 1}}
    assert (needs.check, needs.verdict) == ("key", "failed")
    assert needs.way_out == "write `context: account` into connections.acme of the spec"
    assert told(heeded) == [("key", "ok"), ("context", "ok")]


@pytest.mark.parametrize("api", ["reporting", "data"])
def test_each_generation_of_the_api_is_asked_for_what_it_has(configured: Configured, asked: Asked, api: str) -> None:
    rows = rows_of(configured("rk_test_needscontext_x", api=api), MINE)

    assert told(rows) == [("key", "ok"), ("context", "ok")]
    assert asked.requests() == {"retrieve": {"404": 1, "403": 1}}


def test_it_costs_a_request_and_another_one_where_an_account_is_named(configured: Configured, asked: Asked) -> None:
    rows_of(configured("rk_test_x"))
    unnamed = asked.requests()
    rows_of(configured("rk_test_x"), MINE)

    assert unnamed == {"retrieve": {"404": 1}}
    assert asked.requests() == {"retrieve": {"404": 3}}
    assert asked.runs() == 0


def test_a_key_that_stripe_does_not_know_is_not_asked_about_twice(configured: Configured, asked: Asked) -> None:
    rows_of(configured("sk_test_invalid_x"), MINE)

    assert asked.requests() == {"retrieve": {"401": 1}}


def test_a_second_answer_that_does_not_come_makes_it_unknown_and_the_key_no_worse(
    configured: Configured, asked: Asked
) -> None:
    asked.change(faults=[{"name": "rate_limited", "operation": "retrieve", "nth": 2, "reason": "endpoint-rate"}])

    rows = rows_of(configured("rk_test_x"), MINE)

    assert told(rows) == [("key", "ok"), ("context", "warning")]
    assert "whether without is not known now" in rows[1].message


REFUSALS = [
    AuthError("Permission denied.", status=403),
    AuthError("It is in preview.", status=403, code="query_run_api_inaccessible"),
    AuthError("A Sigma subscription is required.", status=403, code="query_run_api_inaccessible"),
    AuthError("No.", status=403, code="query_run_api_inaccessible"),
]
KEY_ROW = CheckResult(check="key", verdict=CheckVerdict.OK, message="taken")


def connections(configured: Configured) -> list[Connection]:
    made = (
        configured("rk_test_x"),
        configured("rk_test_x", context=MINE),
        configured(per_account=True, more=GROUP),
        configured(per_account=True, connection=", context: account", more=GROUP),
    )
    return [config.connection() for config in made]


def test_whatever_was_answered_it_says_one_thing_of_the_key_and_what_to_do_where_it_is_refused(
    configured: Configured,
) -> None:
    others = (None, *REFUSALS, ProviderError("no answer"), StripeFalters("no answer"))
    count = 0
    for connection in connections(configured):
        for account, organization, has_spec, asked, other in product(
            (None, MINE), (False, True), (False, True), (None, *REFUSALS), others
        ):
            if (account is None and (other or connection.key_per_account)) or (
                organization and (connection.key_per_account or connection.own_context)
            ):
                continue  # nobody is asked so
            answers = Answers(
                connection=connection,
                account=account,
                is_organization=organization,
                has_spec=has_spec,
                asked=asked,
                other=other,
            )
            row = KEY_ROW if asked is None else refused("key", asked)

            rows = list(judge(answers, row))

            failing = [row for row in rows if row.verdict is CheckVerdict.FAILED]
            assert rows[0].check == "key", answers
            assert len({row.check for row in rows}) == len(rows) <= 2, answers
            assert len(failing) == (asked is not None), answers
            for row in failing:
                assert row.exit_code is Exit.AUTH and row.way_out and row.message, answers
            count += 1
    assert count > 300
