import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import storming

from mainspring.digest import blob_of
from mainspring.errors import StoreError
from mainspring.store import LocalStore
from mainspring.testing import stores

STORMING = Path(storming.__file__)


def storm(verb, *arguments, **options):
    command = [sys.executable, str(STORMING), verb, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def finished(process):
    out, error = process.communicate(timeout=100)
    assert process.returncode == 0, error
    return out.split()[-1]


def object_of(home, blob):
    return home / "objects" / blob[:2] / blob[2:]


def big_file(folder):
    path = folder / "big"
    path.write_bytes(bytes(8 << 20))
    return path


def overwrite(path, data):
    path.chmod(0o644)
    path.write_bytes(data)
    path.chmod(0o444)


@pytest.mark.parametrize("case", stores.CASES, ids=stores.name_of)
def test_conformance(case, tmp_path):
    home, folder = tmp_path / "home", tmp_path / "work"
    folder.mkdir()
    damage = lambda blob, data: overwrite(object_of(home, blob), data)  # noqa: E731
    case(stores.Subject(lambda: LocalStore(home), damage, folder))


def test_a_blob_is_a_read_only_file_under_its_name(tmp_path):
    blob = LocalStore(tmp_path).put(b"abc")
    path = object_of(tmp_path, blob)
    assert path.read_bytes() == b"abc"
    assert path.stat().st_mode & 0o222 == 0
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]


def test_putting_a_blob_that_is_there_does_not_write_it_again(tmp_path):
    store = LocalStore(tmp_path)
    blob = store.put(b"abc")
    path = object_of(tmp_path, blob)
    os.utime(path, (1, 1))
    inode = path.stat().st_ino
    assert [put for _, _, put in store.blobs()] == [1]
    store.put(b"abc")
    assert path.stat().st_ino == inode
    assert path.stat().st_mtime > time.time() - 60


def test_what_is_corrupt_is_kept_for_a_look(tmp_path):
    store = LocalStore(tmp_path)
    blob = store.put(b"abc")
    overwrite(object_of(tmp_path, blob), b"abd")
    assert store.quarantine(blob)
    (kept,) = (tmp_path / "corrupt").iterdir()
    assert (kept.name.startswith(blob), kept.read_bytes()) == (True, b"abd")


def test_a_name_that_is_no_blob_is_an_error(tmp_path):
    with pytest.raises(StoreError, match=r"'../../etc/passwd' is no blob: 64 hexadecimal characters are"):
        LocalStore(tmp_path).get("../../etc/passwd")


def test_cleaning_removes_what_dead_writers_left_and_nothing_young(tmp_path):
    store = LocalStore(tmp_path)
    blob, damaged = store.put(b"abc"), store.put(b"def")
    overwrite(object_of(tmp_path, damaged), b"?")
    store.quarantine(damaged)
    left = tmp_path / "objects" / ".1234-5678"
    left.write_bytes(b"half")
    laid = tmp_path / "files" / "0123"
    (laid / "sub").mkdir(parents=True)
    (laid / "sub" / "a.txt").write_text("hello")
    assert store.clean(time.time() - 3600) == 0
    assert left.exists()
    assert store.clean(time.time() + 3600) == 4 + 1 + 5
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [object_of(tmp_path, blob)]


def test_a_writer_that_is_killed_leaves_no_torn_blob(tmp_path):
    chance = random.Random(0)
    for _ in range(6):
        process = storm("put_for_ever", tmp_path)
        assert len(process.stdout.readline()) == 65
        time.sleep(chance.uniform(0, 0.3))
        os.kill(process.pid, signal.SIGKILL)
        announced = process.communicate()[0].split()
        store = LocalStore(tmp_path)
        found = {blob for blob, _, _ in store.blobs()}
        assert found >= {blob for blob in announced if len(blob) == 64}
        assert all(blob_of(store.get(blob)) == blob for blob in found)
    store.clean(time.time() + 10)
    assert not [path for path in (tmp_path / "objects").iterdir() if path.is_file()]


def test_processes_that_put_the_same_at_once_all_succeed(tmp_path):
    gate = tmp_path / "gate"
    processes = [storm("put_the_same", tmp_path / "home", gate) for _ in range(3)]
    time.sleep(1)
    gate.touch()
    assert [finished(process) for process in processes] == ["done"] * 3
    store = LocalStore(tmp_path / "home")
    assert sum(1 for blob, _, _ in store.blobs() if store.get(blob) is not None) == 30
    assert not [path for path in (tmp_path / "home" / "objects").iterdir() if path.is_file()]


def test_a_full_disk_leaves_nothing_half_written(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if finished(storm("fill_a_small_disk", small, big_file(tmp_path))) == "cannot":
        assert finished(storm("fill_a_quota", small, big_file(tmp_path))) == "done"


def test_a_file_that_may_not_grow_leaves_nothing_half_written(tmp_path):
    assert finished(storm("fill_a_quota", tmp_path, big_file(tmp_path))) == "done"


def test_a_read_only_home_can_be_read(tmp_path):
    LocalStore(tmp_path).put(b"kept")
    if finished(storm("read_only_mount", tmp_path)) == "cannot":
        assert finished(storm("read_only_user", tmp_path)) == "done"
