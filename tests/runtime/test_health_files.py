"""Two files by whose age a probe tells: fresh while the process says so, old when it does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forebay.config.errors import ConfigError
from forebay.runtime.health_files import HealthFiles

LONG_AGO_S = 1_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


def grow_old(file: Path) -> None:
    os.utime(file, (LONG_AGO_S, LONG_AGO_S))


def is_old(file: Path) -> bool:
    return file.stat().st_mtime == LONG_AGO_S


def test_each_word_makes_its_file_fresh_and_no_other(tmp_path: Path) -> None:
    health = HealthFiles.begun(tmp_path / "health", Clock())
    health.ready()
    for name in ("alive", "ready"):
        grow_old(tmp_path / "health" / name)

    health.alive()

    assert not is_old(tmp_path / "health" / "alive")
    assert is_old(tmp_path / "health" / "ready")


def test_a_process_that_begins_is_alive_and_not_ready_whatever_the_last_one_left(tmp_path: Path) -> None:
    HealthFiles.begun(tmp_path, Clock()).ready()
    grow_old(tmp_path / "alive")

    HealthFiles.begun(tmp_path, Clock())

    assert not is_old(tmp_path / "alive")
    assert not (tmp_path / "ready").exists()


def test_who_goes_round_a_hundred_times_a_second_touches_a_file_once_a_second(tmp_path: Path) -> None:
    clock = Clock()
    health = HealthFiles.begun(tmp_path, clock)
    health.alive()
    grow_old(tmp_path / "alive")

    clock.now_s += 0.99
    health.alive()
    assert is_old(tmp_path / "alive")

    clock.now_s += 0.01
    health.alive()
    assert not is_old(tmp_path / "alive")


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    health = HealthFiles.begun(None, Clock())
    health.alive()
    health.ready()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError) as refused:
        HealthFiles.begun(tmp_path / "file", Clock())
    assert str(refused.value) == f"FOREBAY_HEALTH_DIR: {tmp_path}/file cannot be written (File exists)"


def test_a_disk_that_goes_wrong_later_lets_the_word_grow_old_and_stops_nobody(tmp_path: Path) -> None:
    health = HealthFiles.begun(tmp_path / "health", Clock())
    (tmp_path / "health" / "alive").unlink()
    (tmp_path / "health").rmdir()
    health.alive()
    assert not (tmp_path / "health").exists()
