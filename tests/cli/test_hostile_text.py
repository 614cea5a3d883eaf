"""Text of others is shown as text: it steers no terminal, is no markup, loses no word and changes no exit code."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.submitting import Submitter
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.outcomes import Check, Closing, Coverage, FailureGroup
from forebay.store.ledger.records import BatchTerms, Item
from forebay.store.local import LocalStore
from tests.cli.conftest import Forebay, Said
from tests.cli.worker import LANE, Hand

#: Words between what a terminal or rich would obey; the words have to be there, whatever becomes of the rest.
HOSTILE = {
    "markup": "fees [eur] of [coupons] [/red] end [/ops/1] of it :smile:",
    "broken markup": "a [/] b [red",
    "links": "[link=https://evil.example]click[/link]",
    "escapes": "a\x1b]0;title\x07b\x1b[2Jc",
    "C1": "a\x9b31mb\x85c",
    "lines": "a\nlanded   forged\r\x0bb\u2028c\u2029d",
    "directions": "a\u202egnp.b\u2066\u200bc",
    "surrogates": "a\ud800b",
}


def _is_clean(said: Said) -> None:
    """Says that nothing acts, and that all of it can be written."""
    for text in (said.out, said.err):
        text.encode()
        acting = {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
        assert acting <= {"\n"}, said


def _words(text: str) -> list[str]:
    """The pieces of a text that a reader must find again, brackets included."""
    return [word for word in re.split(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u202e\u2060-\u206f\ud800]+", text) if word]


def _tells(said: Said, hostile: str) -> None:
    shown = said.out + said.err
    assert [word for word in _words(hostile) if word not in shown] == [], said


@pytest.fixture(params=HOSTILE.values(), ids=HOSTILE)
def hostile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ledger(deployed: redis.Redis) -> Ledger:
    return Ledger(LocalStore(Path(".forebay/ledger")))


@pytest.fixture
def hand(deployed: redis.Redis, ledger: Ledger, folder: Path, hostile: str) -> Hand:
    """The worker of a batch that an older release accepted, which refused no name. One run of three has failed."""
    # What JSON cannot write, the ledger never held.
    stored = hostile.replace("\ud800", "")
    items = [Item(name=f"{number} {stored}", sql=f'SELECT "{stored}"', account=None) for number in range(3)]
    policy = Policy(definition="month_end", kind="batch", spec_sha256="0")
    terms = BatchTerms(id="b1", output=str(folder / "out"), source=f"queries {stored}", policy=policy)
    config = load_config(Settings())
    new = NewBatch(terms=terms, connection=config.connection(), items=items)
    reconciler = Reconciler(ledger, deployed, config, lambda url: LocalStore(Path(url)))
    Submitter(ledger, deployed, reconciler).submit(new)
    hand = Hand(deployed)
    hand.fail(hand.begin_one(), stored)
    return hand


def test_running_batches_are_shown(hand: Hand, hostile: str, forebay: Forebay) -> None:
    trouble = hostile.encode("utf-8", "backslashreplace").decode()
    hand.governor.defer(hand.begin_one(), 60_000, trouble=trouble)
    assert forebay("pause", LANE, "--reason", hostile.replace("\ud800", "")).code == 0

    for arguments in (
        ("ls",),
        ("ls", "--json"),
        ("show", "b1"),
        ("show", "b1", "--failed"),
        ("show", "b1", "--json"),
        ("lanes",),
        ("lanes", "--json"),
        ("watch", "b1", "--timeout", "0.1"),
        ("watch", "b1", "--timeout", "0.1", "--json"),
    ):
        said = forebay(*arguments)
        assert said.code == (5 if arguments[0] == "watch" else 0), said
        _is_clean(said)
    _tells(forebay("show", "b1"), hostile)
    _tells(forebay("lanes"), hostile)


def test_one_run_is_shown(hand: Hand, hostile: str, forebay: Forebay) -> None:
    said = forebay("show", "b1", f"0 {hostile}".replace("\ud800", ""))

    assert said.code == 0, said
    _is_clean(said)
    _tells(said, hostile)


def test_its_end_is_told(hand: Hand, ledger: Ledger, hostile: str, forebay: Forebay) -> None:
    stored = hostile.replace("\ud800", "")
    for _ in range(2):
        hand.land(hand.begin_one())
    closing = Closing(
        at=datetime.now(UTC),
        outcome="checks_failed",
        runs=3,
        landed=2,
        failed=1,
        canceled=0,
        stored_bytes=0,
        records=0,
        coverage=Coverage(expected=2, landed=1, missing=(stored,)),
        failures=(FailureGroup(error_class=FailureClass.SQL, message=stored, count=2, accounts=(stored,)),),
        checks=(Check(check="rows", name=stored, account=None, ok=False, finding=stored),),
    )
    assert ledger.record_closing("b1", closing, after=0)

    for arguments in (("watch", "b1"), ("watch", "b1", "--json"), ("show", "b1"), ("ls",)):
        said = forebay(*arguments)
        assert said.code == (3 if arguments[0] == "watch" else 0), said
        _is_clean(said)
    _tells(forebay("watch", "b1"), hostile)


@pytest.mark.parametrize(
    "arguments", [("show",), ("watch",), ("retry", "--failed"), ("cancel",), ("pause",), ("run",), ("plan",), ("--to",)]
)
def test_what_is_typed_is_quoted_as_it_is(
    deployed: redis.Redis, arguments: tuple[str, ...], hostile: str, forebay: Forebay
) -> None:
    for as_json in ((), ("--json",)):
        said = forebay(*arguments, hostile.replace("\ud800", ""), *as_json)
        assert said.code == 2, said
        _is_clean(said)


def test_queries_are_validated(deployed: redis.Redis, folder: Path, hostile: str, forebay: Forebay) -> None:
    stored = hostile.replace("\ud800", "")
    (folder / "q.sql").write_text(f"SELECT '{stored}' FROM nowhere limit limit")

    for arguments in (("validate", "q.sql"), ("validate", "q.sql", "--json"), ("plan", "q.sql")):
        said = forebay(*arguments)
        assert said.code in (0, 2), said
        _is_clean(said)


def test_an_extract_that_is_paused_says_why(
    deployed: redis.Redis, folder: Path, hostile: str, forebay: Forebay
) -> None:
    start = (datetime.now(UTC) - timedelta(days=3)).date()
    (folder / "forebay.yaml").write_text(
        "version: 1\n"
        "connections: {default: {mode: test, key: secret://env/STRIPE_API_KEY}}\n"
        "defaults: {output: out}\n"
        "extracts:\n"
        "  daily:\n"
        '    sql: "SELECT id FROM charges WHERE created >= {{ window.start }} AND created < {{ window.end }}"\n'
        f"    window: {{every: 1d, start: {start}}}\n"
        "    schedule: {when: at_end}\n"
    )
    paused = forebay("pause", "daily", "--extract", "--reason", hostile.replace("\ud800", ""))
    assert paused.code == 0, paused

    for arguments in (("extracts",), ("extracts", "daily"), ("extracts", "daily", "--json")):
        said = forebay(*arguments)
        assert said.code == 0, said
        _is_clean(said)
    _tells(forebay("extracts", "daily"), hostile)
