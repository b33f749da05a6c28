"""Conformance of a `BlobStore`.

A case is a function that gets a `Subject`: how to open your store, which was empty before the case, and how to damage
it.

    @pytest.mark.parametrize("case", stores.CASES, ids=stores.name_of)
    def test_conformance(case, tmp_path):
        case(stores.Subject(open=lambda: MyStore(tmp_path), damage=overwrite_object, folder=tmp_path))

A case that fails raises `AssertionError`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Barrier, Thread
from time import time
from typing import BinaryIO

from mainspring.digest import blob_of
from mainspring.errors import CorruptBlobError, InputError, MainspringError, MissingBlobError
from mainspring.store import BlobStore
from mainspring.testing.checks import refused, same

__all__ = ["CASES", "Case", "Subject", "name_of"]

SMALL = b"forty-two"
LARGE = bytes(range(256)) * 12_000
NOWHERE = blob_of(b"never stored")


@dataclass(frozen=True, slots=True)
class Subject:
    """The store under test.

    Attributes:
        open: Opens it once more, as another process would; all that it opens share one storage.
        damage: Replaces the stored bytes of a blob with others, behind the store's back.
        folder: A local folder that the case may write to; not the store's.
    """

    open: Callable[[], BlobStore]
    damage: Callable[[str, bytes], None]
    folder: Path


Case = Callable[[Subject], None]


def name_of(case: Case) -> str:
    """Return what a case says, for the report of a test."""
    return getattr(case, "__name__", "case")


def bytes_come_back(subject: Subject) -> None:
    """What is put is got, by the BLAKE3 of its bytes, from another opening too, and as a file."""
    store, other = subject.open(), subject.open()
    for data in (b"", SMALL, LARGE):
        blob = store.put(data)
        same(blob, blob_of(data))
        same(store.put(memoryview(data)), blob)
        same((other.has(blob), other.get(blob), other.path(blob).read_bytes()), (True, data, data))


def a_writer_is_the_same_as_its_bytes(subject: Subject) -> None:
    """A writer's blob is that of the bytes that it wrote, in however many pieces; nothing is seen before it is done."""
    store, other = subject.open(), subject.open()

    def write(out: BinaryIO) -> None:
        out.writelines(LARGE[start : start + 70_001] for start in range(0, len(LARGE), 70_001))
        same((other.has(blob_of(LARGE)), list(other.blobs())), (False, []))

    same(store.put(write), blob_of(LARGE))
    same(other.get(blob_of(LARGE)), LARGE)
    same(store.put(lambda out: out.write(LARGE)), blob_of(LARGE))
    same([size for _, size, _ in other.blobs()], [len(LARGE)])


def a_writer_that_raises_leaves_nothing(subject: Subject) -> None:
    """An error of a writer is passed on, and the store is as before."""
    store = subject.open()
    kept = store.put(SMALL)

    def write(out: BinaryIO) -> None:
        out.write(LARGE)
        raise KeyError("stop")

    refused(KeyError, "stop", lambda: store.put(write))
    same([blob for blob, _, _ in store.blobs()], [kept])


def files_are_kept(subject: Subject) -> None:
    """The content of a file is kept, and not the file; what cannot be read is an error about the file."""
    store, path = subject.open(), subject.folder / "kept.bin"
    for data in (b"", SMALL, LARGE):
        path.write_bytes(data)
        blob = store.put_file(path)
        path.write_bytes(b"changed since")
        same((blob, store.get(blob)), (blob_of(data), data))
        same(store.put(data), blob)
    path.unlink()
    refused(InputError, "does not exist", lambda: store.put_file(path))
    refused(InputError, "", lambda: store.put_file(subject.folder))


def write_bytes(data: bytes, out: BinaryIO) -> None:
    """Write bytes to a stream."""
    out.write(data)


def what_is_missing_is_named(subject: Subject) -> None:
    """A blob that is not there is an error of its own that carries it; asking, deleting and quarantine are none."""
    store = subject.open()
    same(store.has(NOWHERE), False)
    for ask in (store.get, store.path):
        same(refused(MissingBlobError, "", partial(ask, NOWHERE)).blob, NOWHERE)
    store.delete(NOWHERE)
    same((store.quarantine(NOWHERE), list(store.blobs())), (False, []))


def deleting_is_final(subject: Subject) -> None:
    """A deleted blob is gone for every opening; a file of it that is open stays readable; it can be put again."""
    store, other = subject.open(), subject.open()
    blob = store.put(SMALL)
    with store.path(blob).open("rb") as file:
        other.delete(blob)
        same(file.read(), SMALL)
    same((store.has(blob), list(store.blobs())), (False, []))
    same((store.put(SMALL), other.get(blob)), (blob, SMALL))


def every_blob_is_listed(subject: Subject) -> None:
    """Listing gives each blob once, with its size, and the time of its last put."""
    store = subject.open()
    before = time()
    expected = {store.put(bytes(size)): size for size in (0, 1, 2, 300, 70_000)}
    store.put(bytes(300))
    found = list(subject.open().blobs())
    same({blob: size for blob, size, _ in found}, expected)
    same(len(found), len(expected))
    # Clocks of file systems and object stores are coarse.
    same([put for _, _, put in found if not before - 5 <= put <= time() + 5], [])


def what_is_damaged_is_found(subject: Subject) -> None:
    """Bytes that are not what their name says are never given out, whatever their size; the error carries the blob."""
    store = subject.open()
    for data in (SMALL, LARGE):
        blob = store.put(data)
        for wrong in (data[:-1] + b"?", data[: len(data) // 2], b"", data + b"?"):
            subject.damage(blob, wrong)
            for ask in (subject.open().get, subject.open().path):
                error = refused(CorruptBlobError, "", partial(ask, blob))
                same((error.blob, isinstance(error, MissingBlobError)), (blob, False))


def what_is_damaged_can_be_made_again(subject: Subject) -> None:
    """Quarantine takes a damaged blob out of the way, and only such a one; then it can be put again."""
    store, other = subject.open(), subject.open()
    blob, sound = store.put(SMALL), store.put(LARGE)
    subject.damage(blob, b"forty-one")
    same((store.quarantine(sound), store.quarantine(blob), other.quarantine(blob)), (False, True, False))
    same((other.has(blob), other.has(sound), [found for found, _, _ in other.blobs()]), (False, True, [sound]))
    same((other.put(SMALL), store.get(blob)), (blob, SMALL))


def putting_heals(subject: Subject) -> None:
    """Putting replaces a damaged blob, also when nobody read it in between."""
    store = subject.open()
    for wrong in (LARGE[:1000], b"?" + LARGE[1:], b""):
        blob = store.put(LARGE)
        subject.damage(blob, wrong)
        same((store.put(LARGE), store.get(blob)), (blob, LARGE))
        subject.damage(blob, wrong)
        same((store.put(partial(write_bytes, LARGE)), store.get(blob)), (blob, LARGE))


def many_put_at_once(subject: Subject) -> None:
    """Threads that put the same and different bytes at once all succeed, through one opening and several."""
    shared = subject.open()
    start, failures = Barrier(8), []

    def put(number: int) -> None:
        store = shared if number % 2 else subject.open()
        start.wait()
        try:
            for step in range(5):
                same(store.get(store.put(LARGE)), LARGE)
                own = f"{number}/{step}".encode()
                same(store.get(store.put(partial(write_bytes, own))), own)
        except (AssertionError, MainspringError) as error:
            failures.append(error)

    threads = [Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same(failures, [])
    same(len(list(shared.blobs())), 41)


CASES: tuple[Case, ...] = (
    bytes_come_back,
    a_writer_is_the_same_as_its_bytes,
    a_writer_that_raises_leaves_nothing,
    files_are_kept,
    what_is_missing_is_named,
    deleting_is_final,
    every_blob_is_listed,
    what_is_damaged_is_found,
    what_is_damaged_can_be_made_again,
    putting_heals,
    many_put_at_once,
)
