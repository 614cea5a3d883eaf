"""`doctor` finds what is wrong before anything is spent: all rows, then the verdict and its exit code."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import redis

from forebay.governor import keys
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.store.ledger.open_marks import OpenMarks
from forebay.store.local import LocalStore
from forebay.store.s3 import open_bucket
from forebay.store.s3_options import S3Options
from tests.cli.conftest import Forebay, Said
from tests.cli.stripe import BAD_KEY, EndlessStripe
from tests.cli.worker import LANE, Hand
from tests.servers import s3
from tests.servers.valkey import valkey_server
from tests.store.refusals import refuse_puts_with


def _verdicts(said: Said) -> dict[str, str]:
    return {event["check"]: event["verdict"] for event in said.events if event["event"] == "check"}


def test_a_good_deployment_is_ready(deployed: redis.Redis, forebay: Forebay) -> None:
    deployed.set(keys.alive("here"), "1", ex=60)

    said = forebay("doctor", "--to", "s3out")

    assert said.code == 0
    assert "ready" in said.out
    assert "alive on here" in said.out


def test_without_a_worker_it_is_not_ready(deployed: redis.Redis, forebay: Forebay) -> None:
    deployed.set(keys.alive("beat@here"), "1", ex=60)

    said, words = forebay("doctor", "--json"), forebay("doctor")

    assert said.code == words.code == 1
    assert _verdicts(said)["workers"] == "warning"
    assert "not ready: what is submitted waits (workers)" in words.out


def test_a_redis_that_lost_what_the_ledger_has_is_named(
    deployed: redis.Redis, queries: list[str], forebay: Forebay
) -> None:
    deployed.set(keys.alive("here"), "1", ex=60)
    assert forebay("submit", *queries).code == 0
    before = forebay("doctor", "--json")
    deployed.flushall()
    deployed.set(keys.alive("here"), "1", ex=60)

    lost = forebay("doctor")

    assert _verdicts(before)["reconciled"] == "ok"
    assert lost.code == 1
    assert "Redis does not know 1 open batch of the ledger" in lost.out
    assert "forebay rebuild" in lost.out


def test_a_lane_that_stands_still_is_named_with_the_way_on(
    deployed: redis.Redis, queries: list[str], forebay: Forebay
) -> None:
    deployed.set(keys.alive("here"), "1", ex=60)
    assert forebay("submit", *queries).code == 0
    before = forebay("doctor", "--json")
    assert forebay("pause", LANE, "--reason", "month end").code == 0

    paused = forebay("doctor")

    assert (before.code, "moving" in _verdicts(before)) == (0, False)
    assert paused.code == 1
    assert f"lane {LANE} is paused: month end" in paused.out
    assert f"forebay resume {LANE}" in paused.out


def test_a_redis_that_was_restarted_is_in_the_way_only_of_what_waits(
    deployed: redis.Redis, queries: list[str], forebay: Forebay
) -> None:
    deployed.set(keys.alive("here"), "1", ex=60)
    batch, config = forebay("submit", *queries).out.strip(), keys.LaneKeys(LANE).config
    now, before = deployed.hget(config, "server"), "the server before"

    deployed.hset(config, "server", before)
    waits = forebay("doctor")
    assert (waits.code, f"nothing is granted on {LANE} until" in waits.out) == (1, True)

    assert now
    deployed.hset(config, "server", now)
    hand = Hand(deployed)
    for _ in range(3):
        hand.land(hand.begin_one())
    deployed.hset(config, "server", before)
    settled = forebay("doctor")
    assert (settled.code, settled.out.splitlines()[-1]) == (0, "ready")

    OpenMarks(LocalStore(Path(".forebay/ledger"))).retry(batch)
    assert "reconciled" in forebay("doctor").out.splitlines()[-1]

    for query in Path("q").iterdir():
        LocalStore(Path("out")).put(f"{batch}/{query.stem}.manifest.json", b"{}")
    landed = forebay("doctor")
    assert (landed.code, landed.out.splitlines()[-1]) == (0, "ready"), "its mark is there until a worker takes it away"


@pytest.mark.parametrize(
    "command", ["ls", "lanes", "show b1", "cancel b1", "run q/a.sql", "doctor", "worker --check", "beat --check"]
)
def test_a_redis_that_cannot_be_used_is_one_sentence_and_2_whatever_is_asked_of_it(
    command: str, deployed: redis.Redis, folder: Path, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "q").mkdir()
    (folder / "q" / "a.sql").write_text("SELECT 1")
    url = f"redis://127.0.0.1:{deployed.connection_pool.connection_kwargs['port']}/99"
    monkeypatch.setenv("FOREBAY_REDIS_URL", url)

    said = forebay(*command.split())

    assert said.code == 2
    assert f"Redis at {url} has no database 99" in said.out + said.err
    assert "Traceback" not in said.err


def test_a_missing_key_is_found(deployed: redis.Redis, forebay: Forebay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRIPE_API_KEY")

    said = forebay("doctor", "--json")

    assert said.code == 4
    # The tests' Valkey keeps no file, and a folder is one of each worker's own: all else is still looked at.
    assert list(_verdicts(said)) == ["key", "redis", "ledger", "destination", "workers", "reconciled"]
    assert [check for check, verdict in _verdicts(said).items() if verdict == "failed"] == ["key"]


def test_a_batch_that_cannot_be_closed_is_named(deployed: redis.Redis, forebay: Forebay) -> None:
    ClosingQueue(deployed).put_off("20261001-070000-abcde", "no right to write")

    said = forebay("doctor")

    assert "batch 20261001-070000-abcde cannot be closed: no right to write" in " ".join(said.out.split())


def test_a_refused_key_is_found_and_never_shown(
    deployed: redis.Redis, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", BAD_KEY)

    said = forebay("doctor")

    assert said.code == 4
    assert "Stripe does not know this key" in said.out
    assert BAD_KEY not in said.out + said.err


def test_a_hiccup_of_stripe_is_asked_again(deployed: redis.Redis, forebay: Forebay, stripe: EndlessStripe) -> None:
    stripe.faults = 2
    deployed.set(keys.alive("here"), "1", ex=60)

    said = forebay("doctor", "--json")

    assert (said.code, _verdicts(said)["key"]) == (0, "ok")
    assert stripe.faults == 0


def test_a_stripe_that_falters_refuses_no_batch(
    deployed: redis.Redis, forebay: Forebay, stripe: EndlessStripe, tmp_path: Path
) -> None:
    (tmp_path / "fees.sql").write_text("SELECT 1 AS n")
    stripe.faults = 1_000

    said = forebay("submit", str(tmp_path / "fees.sql"))
    stripe.faults = 0  # the server is shared

    assert said.code == 0
    assert "Stripe does not answer well now" in said.err
    assert "HTTP 500" in said.err


def test_an_unreachable_redis_is_found(
    stripe: EndlessStripe, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOREBAY_REDIS_URL", "redis://127.0.0.1:1/0")

    said = forebay("doctor", "--json")

    assert said.code == 2
    assert _verdicts(said)["redis"] == "failed"
    assert "FOREBAY_REDIS_URL" in said.out


def test_a_redis_that_evicts_is_refused(
    stripe: EndlessStripe, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    with valkey_server("--maxmemory-policy", "allkeys-lru") as url:
        monkeypatch.setenv("FOREBAY_REDIS_URL", url)

        said = forebay("doctor")

    assert said.code == 2
    assert "set maxmemory-policy noeviction" in said.out


@pytest.fixture
def aws(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3.ACCESS_KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.SECRET_ACCESS_KEY)
    monkeypatch.setenv("FOREBAY_S3_ENDPOINT", s3_endpoint)
    return s3_endpoint


def test_a_bucket_that_is_not_there_is_found(deployed: redis.Redis, aws: str, forebay: Forebay) -> None:
    said = forebay("doctor", "--json", "--to", "s3://nobody-made-this/prefix")

    assert said.code == 2
    assert _verdicts(said)["destination"] == "failed"


def test_a_key_that_is_denied_is_told_with_the_way_out(
    deployed: redis.Redis, aws: str, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOREBAY_S3_REGION", "us-east-1")
    store = open_bucket("s3://encrypted", options=S3Options(endpoint=aws, region="us-east-1"))
    store._client.create_bucket(Bucket="encrypted")
    refuse_puts_with("x-amz-server-side-encryption-aws-kms-key-id", monkeypatch)  # as a policy of KMS does

    said = forebay("doctor", "--json", "--to", "s3://encrypted/out?kms_key=alias/stripe")
    words = forebay("doctor", "--to", "s3://encrypted/out?kms_key=alias/stripe")
    well = forebay("doctor", "--json", "--to", "s3://encrypted/out?encryption=AES256&tag.team=finance")

    assert (said.code, words.code, _verdicts(well)["destination"]) == (2, 2, "ok")
    (check,) = (event for event in said.events if event.get("check") == "destination")
    assert "AccessDenied; without encryption aws:kms with the key alias/stripe it takes objects" in check["message"]
    assert "kms:GenerateDataKey" in check["message"]
    assert "FOREBAY_S3_ENCRYPTION, _KMS_KEY" in words.out
    assert list(store.list()) == []
    store.close()


def test_a_place_without_rights_is_found(deployed: redis.Redis, folder: Path, forebay: Forebay) -> None:
    (folder / "taken").write_text("a file where a folder should be")

    said = forebay("doctor", "--json", "--to", "taken")

    assert said.code == 2
    assert _verdicts(said)["destination"] == "failed"


def test_a_bad_setting_is_found(forebay: Forebay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREBAY_MARGIN", "many")

    said = forebay("doctor")

    assert said.code == 2
    assert "FOREBAY_MARGIN" in said.out


@pytest.mark.parametrize("command", ["run", "submit"])
def test_what_doctor_would_find_keeps_a_batch_from_being_written(
    command: str, deployed: redis.Redis, folder: Path, queries: list[str], forebay: Forebay
) -> None:
    (folder / "taken").write_text("")

    said = forebay(command, *queries, "--to", "taken")

    assert said.code == 2
    assert {*deployed.keys("fb:*")} <= {keys.WRITE_PROBE, keys.KEY_OWNERS}
    assert not list((folder / ".forebay").rglob("batch.json"))


def test_a_key_for_each_account_is_tried_with_one_of_the_accounts(
    stripe: EndlessStripe, folder: Path, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_acct_7", "rk_test_refused")
    monkeypatch.setenv("KEY_acct_8", "rk_test_good")
    spec = "version: 1\nconnections:\n  c: {mode: test, key: 'secret://env/KEY_{account}'}\n"
    (folder / "forebay.yaml").write_text(spec)

    unnamed = forebay("doctor", "--json")
    (folder / "forebay.yaml").write_text(
        f"{spec}accounts:\n  all: {{list: [acct_7]}}\nbatches:\n  b: {{sql: SELECT 1, accounts: all}}\n"
    )
    refused = forebay("doctor", "--json")
    good = forebay("doctor", "--account", "acct_8")

    assert unnamed.code == 2
    assert "no account is named" in unnamed.out
    assert refused.code == 4
    assert "Stripe takes the key of connection c for acct_8" in good.out


def test_a_ledger_that_everybody_can_read_is_found(
    deployed: redis.Redis, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TemporaryDirectory() as open_folder:  # pytest's own are closed
        ledger = Path(open_folder) / "ledger"
        ledger.mkdir()
        monkeypatch.setenv("FOREBAY_LEDGER", str(ledger))
        Path(open_folder).chmod(0o755)
        ledger.chmod(0o755)
        said = forebay("doctor")
        assert "every user of this machine can read the ledger" in said.out
        assert f"chmod 700 {ledger}" in said.out.replace("\n", "")
        ledger.chmod(0o750)
        assert "every user" not in forebay("doctor").out
        ledger.chmod(0o755)
        Path(open_folder).chmod(0o700)
        assert "every user" not in forebay("doctor").out
