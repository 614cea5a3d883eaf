import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from forebay.store.errors import BadKey, BadUrl, Denied
from forebay.store.local import LocalStore


def test_a_killed_writer_leaves_a_hidden_file_that_no_listing_shows(tmp_path: Path):
    program = (
        "import sys, pathlib\n"
        "from forebay.store.local import LocalStore\n"
        "with LocalStore(pathlib.Path(sys.argv[1])).writer('a/b.csv') as writer:\n"
        "    writer.write(b'x' * 100_000)\n"
        "    print('ready', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    assert [path.name.startswith(".") for path in tmp_path.iterdir()] == [True]
    assert list(LocalStore(tmp_path).list()) == []


def test_a_symbolic_link_is_no_way_out(tmp_path: Path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "file").write_bytes(b"secret")
    store = LocalStore(tmp_path / "root")
    store.put("x", b"")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "root" / "file").symlink_to(tmp_path / "secret" / "file")
    for key in ["link/file", "file"]:
        with pytest.raises(BadKey, match="symbolic link"):
            store.get(key)
        with pytest.raises(BadKey, match="symbolic link"):
            store.put(key, b"overwritten")
    assert (tmp_path / "secret" / "file").read_bytes() == b"secret"


def test_a_link_in_a_circle_does_not_trap_a_listing(tmp_path: Path):
    store = LocalStore(tmp_path)
    store.put("a/b", b"")
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    assert list(store.list()) == ["a/b"]


def test_the_last_file_deleted_takes_its_folders_along(tmp_path: Path):
    store = LocalStore(tmp_path / "root")
    for key in ("a/b/c", "a/b/d", "a/e"):
        store.put(key, b"")

    store.delete("a/b/c")
    assert list(store.folders("a/")) == ["b"]
    store.delete("a/b/d")
    assert list(store.folders("a/")) == []
    store.delete("a/e")
    assert list((tmp_path / "root").iterdir()) == []


def test_writing_beside_the_last_file_that_is_deleted_loses_nothing(tmp_path: Path):
    store = LocalStore(tmp_path)

    def come_and_go(name: str) -> None:
        for _ in range(200):
            store.put(f"a/b/{name}", b"")
            store.delete(f"a/b/{name}")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(come_and_go, "wxyz"))
    assert list(tmp_path.iterdir()) == []


def test_the_root_itself_may_be_a_link(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    LocalStore(tmp_path / "link").put("a/b", b"x")
    assert (tmp_path / "real" / "a" / "b").read_bytes() == b"x"


def test_a_file_where_a_folder_is_needed_is_the_keys_fault(tmp_path: Path):
    store = LocalStore(tmp_path)
    store.put("a", b"")
    with pytest.raises(BadKey, match="cannot be a file here"):
        store.put("a/b", b"")
    store.put("folder/b", b"")
    with pytest.raises(BadKey):
        store.put("folder", b"")


def test_a_name_too_long_for_the_file_system_is_the_keys_fault(tmp_path: Path):
    with pytest.raises(BadKey):
        LocalStore(tmp_path).put("x" * 300, b"")


def test_the_probe_of_a_place_that_is_no_folder_says_so(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadUrl, match="file is a file; a destination is a folder"):
        LocalStore(tmp_path / "file").probe()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_the_probe_of_a_read_only_folder_says_so(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(Denied, match="give this user the right"):
        LocalStore(tmp_path).probe()


def modes(root: Path) -> dict[str, int]:
    return {str(path.relative_to(root.parent)): path.stat().st_mode & 0o777 for path in (root, *root.rglob("*"))}


def test_a_store_that_makes_its_folder_makes_it_for_this_user_alone(tmp_path: Path):
    LocalStore(tmp_path / "above" / "out").put("batch/key", b"")
    assert modes(tmp_path / "above") == {
        "above": 0o700,
        "above/out": 0o700,
        "above/out/batch": 0o700,
        "above/out/batch/key": 0o600,
    }


@pytest.mark.parametrize(("mode", "file_mode"), [(0o700, 0o600), (0o750, 0o640), (0o755, 0o644), (0o775, 0o664)])
def test_what_is_stored_is_as_open_as_the_stores_folder(tmp_path: Path, mode: int, file_mode: int):
    root = tmp_path / "out"
    root.mkdir()
    root.chmod(mode)
    umask = os.umask(0o002)
    try:
        LocalStore(root).put("batch/key", b"")
        LocalStore(root).create("batch/other", b"")
    finally:
        os.umask(umask)
    assert modes(root) == {"out": mode, "out/batch": mode, "out/batch/key": file_mode, "out/batch/other": file_mode}


def test_the_umask_closes_what_an_open_folder_would_let(tmp_path: Path):
    tmp_path.chmod(0o755)
    umask = os.umask(0o077)
    try:
        LocalStore(tmp_path).put("batch/key", b"")
    finally:
        os.umask(umask)
    assert (tmp_path / "batch" / "key").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_key_on_a_disk_of_its_own_is_refused_in_words(tmp_path: Path):
    (tmp_path / "batch").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path / "batch"], check=True)
    try:
        with pytest.raises(BadKey, match="a disk of its own"):
            LocalStore(tmp_path).put("batch/key", b"")
    finally:
        subprocess.run(["umount", tmp_path / "batch"], check=True)


def test_urls_are_those_of_files(tmp_path: Path):
    store = LocalStore(tmp_path)
    assert store.url == tmp_path.as_uri()
    assert store.url_of("a%3A/b c.csv") == tmp_path.as_uri() + "/a%253A/b%20c.csv"
    assert repr(store) == f"LocalStore({store.url!r})"
