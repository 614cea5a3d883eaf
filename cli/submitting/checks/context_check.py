"""Finds out whether a key needs `Stripe-Context`, and whether it reaches the account: rows of `doctor`.

Some keys of one account are refused without that header and some are not, and Stripe has one text for a permission that
is missing and a context that is missing. So where an account is named Stripe is asked with it and without, one request
each; what is then said follows from the two answers alone (`judge`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from forebay.cli.exits import Exit
from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict
from forebay.cli.submitting.checks.key_check import KeyFound, StripeFalters, find_key, probe
from forebay.config.connections import EACH_ACCOUNT, Config, Connection
from forebay.config.errors import ConfigError
from forebay.config.stripe import is_organization_key
from forebay.queryrun.auth_reasons import PERMISSIONS, AuthReason
from forebay.queryrun.errors import AuthError, QueryRunError
from forebay.scheduler.definitions.accounts import example_account
from forebay.scheduler.errors import InputError
from forebay.store.ledger.failures import FailureClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What Stripe answered a key, with `Stripe-Context` and without; None is that it takes the key so."""

    connection: Connection
    account: str | None
    """Whom both requests were about; None where nobody is known, and one was sent."""
    is_organization: bool
    has_spec: bool
    asked: AuthError | None
    """To the request as runs send it."""
    other: AuthError | QueryRunError | StripeFalters | None = None
    """To the one in the other way."""

    @property
    def sends(self) -> bool:
        """Tells whether runs send the header."""
        return self.account is not None and not (self.connection.key_per_account and not self.connection.own_context)

    @property
    def line(self) -> str:
        """Says what to write, so that the header is sent always."""
        if self.connection.key_per_account:
            return f"write `context: {EACH_ACCOUNT}` into connections.{self.connection.name} of the spec"
        if self.has_spec:
            return f"write `context: {self.account}` into connections.{self.connection.name} of the spec"
        return f"set FOREBAY_CONTEXT={self.account}"


def key_rows(config: Config, connection: str | None, account: str | None) -> tuple[list[CheckResult], KeyFound]:
    """Asks Stripe, and says what is so of the key. Returns what was found of it, too."""
    try:
        account = account or _known_account(config, connection)
    except (ConfigError, InputError):
        """Told by the first check, in the words of the key's row."""
    found = find_key(config, connection, account)
    chosen = found.connection
    refusal = found.refusal
    if chosen is None or not (found.taken or (refusal and refusal.reason is not AuthReason.UNKNOWN_KEY)):
        return [found.row], found
    answers = Answers(
        connection=chosen,
        account=found.account,
        is_organization=not chosen.key_per_account and is_organization_key(chosen.key()),
        has_spec=config.written is not None,
        asked=refusal,
    )
    # A key of each account that is taken without the header is sent without: there is nothing to find out.
    if answers.account is not None and (answers.sends or refusal):
        answers = replace(answers, other=_ask_otherwise(answers))
    return list(judge(answers, found.row)), found


def _known_account(config: Config, connection: str | None) -> str | None:
    chosen = config.connection(connection)
    if chosen.own_context and not chosen.key_per_account:
        return chosen.own_context
    return example_account(config, chosen)


def _ask_otherwise(answers: Answers) -> AuthError | QueryRunError | StripeFalters | None:
    if answers.sends:
        bare = replace(answers.connection, own_context=None)
        way = (bare, answers.account if bare.key_per_account else None)
    else:
        way = (replace(answers.connection, own_context=EACH_ACCOUNT), answers.account)
    try:
        probe(*way)
    except (QueryRunError, StripeFalters) as error:
        return error
    return None


def judge(answers: Answers, key_row: CheckResult) -> Iterator[CheckResult]:
    """Says what follows from the answers; `key_row` is what the first of them says by itself."""
    if answers.asked is None:
        yield key_row
        yield _context_of_a_taken_key(answers)
    elif answers.account is not None and answers.other is None:
        yield from _taken_otherwise(answers, answers.account, answers.asked)
    elif answers.asked.reason is AuthReason.DENIED:
        yield _denied(answers, answers.asked)
    else:
        yield key_row


def _context_of_a_taken_key(answers: Answers) -> CheckResult:
    account, other = answers.account, answers.other
    if not answers.sends:
        if answers.is_organization:
            return _context(
                "not sent, so this organization's key asks the whole organization; "
                "`accounts` in a definition, or --account acct_…, asks one account each"
            )
        return _context("not needed: Stripe takes the key without Stripe-Context, and none is sent")
    if other is None:
        if answers.is_organization:
            return _context(
                f"sent where an account is named ({account} is taken); without it the organization is asked"
            )
        needless = "; `context` may go" if answers.connection.own_context else ""
        return _context(f"not needed: Stripe takes the key with Stripe-Context {account}, and without{needless}")
    if not isinstance(other, AuthError):
        return CheckResult(
            check="context",
            verdict=CheckVerdict.WARNING,
            message=f"Stripe takes the key with Stripe-Context {account}; whether without is not known now: {other}",
        )
    if answers.is_organization:
        return _context(f"needed: Stripe takes {account}, and refuses the organization as a whole: {other}")
    if other.reason is not AuthReason.DENIED:
        return _context(f"sent: Stripe takes the key with Stripe-Context {account}; without, {other.reason.sentence}")
    sent = f"needed: Stripe takes the key with Stripe-Context {account}, and refuses it without"
    # What names no account is asked, too: lanes for events, and batches without accounts.
    return _context(
        sent, way_out="" if answers.connection.own_context else f"{answers.line}, for what names no account"
    )


def _taken_otherwise(answers: Answers, account: str, refusal: AuthError) -> Iterator[CheckResult]:
    """Says of a key that is refused as runs send it, and taken in the other way, what that means."""
    name = answers.connection.name
    if not answers.sends:
        yield _refused(
            "key",
            f"Stripe refuses the key of {account} without Stripe-Context, and takes it with: this key needs it",
            answers.line,
        )
        return
    yield CheckResult(
        check="key",
        verdict=CheckVerdict.OK,
        message=f"Stripe takes the key of connection {name} without Stripe-Context",
    )
    if refusal.reason is not AuthReason.DENIED:
        way_out = f"{refusal.reason.way_out}; or leave {account} out of the accounts that are asked about"
        yield _refused("account", f"{account}: {refusal.reason.sentence}: {refusal}", way_out)
    elif answers.is_organization:
        way_out = "is it one of the organization's, and of this mode? Else let the key have access to it"
        yield _refused("account", f"the key has no access to {account}: {refusal}", way_out)
    else:
        way_out = "it is the key of another account: name that one, or none (no --account, no `accounts`, no `context`)"
        yield _refused("account", f"the key has no access to {account}: {refusal}", way_out)


def _denied(answers: Answers, refusal: AuthError) -> CheckResult:
    if answers.account is None:
        return _refused(
            "key",
            "Stripe denies this key: it lacks the permission to read QueryRuns, or needs Stripe-Context, as some keys "
            f"do; Stripe has one answer for both: {refusal}",
            f"`forebay doctor --account acct_…` tells which. The permissions are {PERMISSIONS}",
        )
    if isinstance(answers.other, AuthError) and answers.other.reason is not AuthReason.DENIED:
        reason = answers.other.reason
        message = f"Stripe denies this key {answers.account}, and without it, {reason.sentence}: {answers.other}"
        return _refused("key", message, reason.way_out)
    message = f"Stripe denies this key to read QueryRuns, with Stripe-Context {answers.account} and without: {refusal}"
    return _refused("key", message, f"is that its account? Else it lacks permissions: {PERMISSIONS}")


def _context(message: str, *, way_out: str = "") -> CheckResult:
    return CheckResult(check="context", verdict=CheckVerdict.OK, message=message, way_out=way_out)


def _refused(check: str, message: str, way_out: str) -> CheckResult:
    return CheckResult(
        check=check,
        verdict=CheckVerdict.FAILED,
        message=message,
        way_out=way_out,
        exit_code=Exit.AUTH,
        kind=FailureClass.AUTH,
    )
