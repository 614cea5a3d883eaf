"""The units for systemd, as systemd itself judges them, and what they start."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from forebay.config.settings import Settings
from forebay.worker.shutdown import SHUTDOWN_S
from tests.source import ROOT

FOLDER = ROOT / "deploy/systemd"
DROP_IN = FOLDER / "forebay-.service.d/10-forebay.conf"
UNITS = sorted(path.name for path in FOLDER.glob("*.service"))
INSTALLED = "/opt/forebay/bin/forebay"
#: systemd's "exposure", of 10: what is left is that it may use the network, and reads the host's root.
MOST_EXPOSED = 1.5


def systemd(*words: str) -> subprocess.CompletedProcess[str]:
    """Asks systemd-analyze. `make units` skips no test: there one without it fails."""
    found = shutil.which("systemd-analyze")
    if found is None:
        end = pytest.fail if os.environ.get("FOREBAY_TEST_UNITS") == "all" else pytest.skip
        end("systemd-analyze is not here; on Debian it is of the package systemd")
    return subprocess.run([found, *words], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """As they are installed, with something that is there in place of what they start."""
    folder = tmp_path / "system"
    shutil.copytree(FOLDER, folder)
    for path in folder.glob("*.service"):
        path.write_text(path.read_text().replace(INSTALLED, "/bin/true"))
    return folder


def verify(folder: Path) -> str:
    """What systemd has to say of them. Its exit code is 0 whatever it does not know."""
    files = [str(path) for path in sorted(folder.iterdir()) if path.suffix in (".service", ".target")]
    done = systemd("verify", "--man=no", *files)
    return done.stderr + done.stdout


def read(name: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys of units have capitals
    parser.read(FOLDER / name)
    return parser


def words(name: str) -> list[str]:
    started, *rest = read(name)["Service"]["ExecStart"].split()
    assert started == INSTALLED
    return rest


def test_systemd_has_nothing_to_say_of_them(units: Path) -> None:
    assert verify(units) == ""


@pytest.mark.parametrize("where", ["forebay-worker.service", "forebay-.service.d/10-forebay.conf"])
def test_systemd_would_notice_a_mistake(units: Path, where: str) -> None:
    path = units / where
    path.write_text(path.read_text().replace("[Service]", "[Service]\nNoNewPrivilege=yes"))

    assert "'NoNewPrivilege'" in verify(units)


@pytest.mark.parametrize("name", UNITS)
def test_each_is_shut_in(units: Path, name: str) -> None:
    done = systemd("security", "--offline=yes", "--no-pager", f"--threshold={MOST_EXPOSED * 10:.0f}", str(units / name))

    assert done.returncode == 0, "\n".join(line for line in done.stdout.splitlines() if line.startswith(("✗", "→")))


def test_without_the_drop_in_they_would_not_be(units: Path) -> None:
    shutil.rmtree(units / "forebay-.service.d")

    done = systemd("security", "--offline=yes", "--no-pager", "--threshold=15", str(units / "forebay-worker.service"))

    assert done.returncode == 1


def test_every_queue_has_a_unit_and_both_kinds_of_server_one_of_their_own() -> None:
    assert {name: words(name) for name in UNITS} == {
        "forebay-beat.service": ["beat"],
        "forebay-downloader.service": ["worker", "--queues", "download"],
        "forebay-web.service": ["web"],
        "forebay-webhooks.service": ["web", "--only", "webhooks"],
        "forebay-worker.service": ["worker", "--queues", "submit,poll"],
    }


def test_who_asks_nothing_of_stripe_is_given_no_key() -> None:
    given = {name: re.findall(r"^LoadCredential=(\w+):", (FOLDER / name).read_text(), re.M) for name in UNITS}

    assert {name for name, secrets in given.items() if "STRIPE_API_KEY" in secrets} == {
        "forebay-beat.service",
        "forebay-downloader.service",
        "forebay-worker.service",
    }
    assert given["forebay-webhooks.service"] == ["FOREBAY_WEBHOOK_SECRETS"]


def test_every_variable_of_ours_is_a_setting() -> None:
    text = "".join(path.read_text() for path in (*FOLDER.glob("*.service"), DROP_IN))
    named = set(re.findall(r"\b(FOREBAY_[A-Z]\w+)\b", text))

    assert named <= {f"FOREBAY_{field.upper()}" for field in Settings.model_fields}


def test_a_secret_is_no_variable_of_a_unit() -> None:
    secret = {name.upper() for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)}
    assert "REDIS_URL" in secret
    text = "".join(path.read_text() for path in (*FOLDER.glob("*.service"), DROP_IN))
    set_here = set(re.findall(r"(?:^Environment=|\s)(?:FOREBAY_)?([A-Z_]+)=", text, re.M))

    assert secret & set_here == set()


def test_a_worker_is_given_the_time_in_which_it_ends_by_itself() -> None:
    assert float(read("forebay-.service.d/10-forebay.conf")["Service"]["TimeoutStopSec"]) > SHUTDOWN_S


def test_no_two_of_them_keep_their_health_in_one_folder() -> None:
    folders = re.findall(r"FOREBAY_HEALTH_DIR=(\S+)", "".join((FOLDER / name).read_text() for name in UNITS))

    assert len(folders) == len(set(folders)) == 3
    for name in UNITS:
        kept = read(name)["Service"].get("RuntimeDirectory")
        assert kept in (None, name.removesuffix(".service"))
