"""What processes of their own do to a store: run as `python storming.py VERB FOLDER ...`."""

import os
import random
import resource
import subprocess
import sys
from pathlib import Path

from mainspring.digest import File
from mainspring.errors import ReadOnlyError, StorageFullError
from mainspring.store import LocalStore, load, save
from mainspring.testing.checks import refused

MEGABYTE = 1 << 20


def put_for_ever(folder):
    """Put blobs of all sizes until somebody kills this process; each is announced when it is durable."""
    store, number = LocalStore(Path(folder)), 0
    while True:
        number += 1
        data = random.Random(number).randbytes(number * 7919 % (2 * MEGABYTE))
        blob = store.put(data) if number % 2 else store.put(lambda out, data=data: out.write(data))
        print(blob, flush=True)


def put_the_same(folder, gate):
    """Wait at a gate, then put the same blobs as everybody else."""
    store = LocalStore(Path(folder))
    while not Path(gate).exists():
        pass
    for number in range(30):
        data = random.Random(number).randbytes(10_000 * number)
        assert store.get(store.put(lambda out, data=data: out.write(data))) == data


def fill(folder, big):
    """Fill the disk; the store stays as it was, and works again once there is room."""
    store = LocalStore(Path(folder, "home"))
    kept = store.put(b"kept")
    for attempt in (
        lambda: store.put(bytes(8 * MEGABYTE)),
        lambda: store.put(lambda out: [out.write(bytes(MEGABYTE)) for _ in range(8)]),
        lambda: save("table", [b"x" * MEGABYTE] * 8, store, pickle=False),
        lambda: store.put_file(Path(big)),
    ):
        refused(StorageFullError, "is full", attempt)
        left = [path.name for path in Path(folder, "home").rglob("*") if path.is_file()]
        assert left == [kept[2:]], left
    assert store.get(kept) == b"kept"
    assert store.get(store.put(b"more")) == b"more"


def fill_a_small_disk(folder, big):
    """Fill a file system of four megabytes, mounted for this process alone; False where nobody may mount."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]
    return in_a_namespace(mount, "fill", folder, big)


def fill_a_quota(folder, big):
    """Pass the limit of the process for the size of a file."""
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 * MEGABYTE, 4 * MEGABYTE))
    fill(folder, big)


def read_only(folder):
    """Read from a home that cannot be written to, and try to write."""
    store = LocalStore(Path(folder))
    known = "7d6c5ef5d93ed8cd1ef4c1b5fa9d9f8a2a8e6c7b7e8d5d3a4c1b2a3f4e5d6c7b"
    (blob,) = [blob for blob, _, _ in store.blobs()]
    assert store.get(blob) == b"kept"
    assert not store.has(known)
    for attempt in (
        lambda: store.put(b"more"),
        lambda: store.put(b"kept"),
        lambda: store.put(lambda out: out.write(b"more")),
        lambda: store.delete(blob),
        lambda: load(save("script", File(__file__), store, pickle=False), store),
    ):
        refused(ReadOnlyError, "cannot be written to", attempt)
    assert store.get(blob) == b"kept"


def read_only_mount(folder):
    """Mount the home read-only for this process alone; False where nobody may mount."""
    mount = ["sh", "-c", f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}"]
    return in_a_namespace(mount, "read_only", folder)


def read_only_user(folder):
    """Read the home as a user who may not write to it."""
    if os.geteuid() == 0:
        os.chown(folder, 0, 0)
        for path in Path(folder).rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o444)
        os.setuid(65534)
    else:
        for path in (Path(folder), *Path(folder).rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
    read_only(folder)


def in_a_namespace(mount, verb, *arguments):
    call = [*mount[:2], " ".join(mount[2:])] if mount[0] == "sh" else ["sh", "-c", " ".join(mount)]
    script = f'{call[2]} && exec "$@"'
    probe = subprocess.run(["unshare", "-m", *call[:2], call[2]], capture_output=True, check=False)
    if probe.returncode:
        return False
    subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", sys.executable, __file__, verb, *arguments], check=True)
    return True


if __name__ == "__main__":
    done = globals()[sys.argv[1]](*sys.argv[2:])
    print("cannot" if done is False else "done")
