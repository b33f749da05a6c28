"""Conformance of a codec, by samples of the values that it is for.

A case is a function that gets a `Sample` and a store that it may write to:

    @pytest.mark.parametrize("case", codecs.CASES, ids=codecs.name_of)
    @pytest.mark.parametrize("sample", SAMPLES, ids=codecs.name_of)
    def test_conformance(case, sample, tmp_path):
        case(sample, LocalStore(tmp_path))

`digests_elsewhere` is for all samples at once: the digest of a value must not depend on the process that it is in. A
case that fails raises `AssertionError`.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from mainspring.store import BlobStore, digest_value, load, save, split
from mainspring.testing.checks import same

__all__ = ["CASES", "Case", "Sample", "digests_elsewhere", "name_of"]

Make = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """A value that a codec is for.

    Attributes:
        make: Makes it, the same each time: a function at the top level of a module, which another process can call.
        equal: Whether two such values are the same for whoever uses them.
        twins: Makers of the same value in other shapes, which must have the same digest: sliced, chunked, in another
            order in memory.
        others: Makers of values that differ in one respect, which must all have other digests.
        codec: The format that it is stored in, when that is part of the promise.
    """

    make: Make
    equal: Callable[[Any, Any], bool]
    twins: tuple[Make, ...] = ()
    others: tuple[Make, ...] = ()
    codec: str = ""


Case = Callable[[Sample, BlobStore], None]


def name_of(case: Case | Sample) -> str:
    """Return what a case says or what a sample makes, for the report of a test."""
    return getattr(case.make if isinstance(case, Sample) else case, "__name__", "case")


def values_come_back(sample: Sample, blobs: BlobStore) -> None:
    """What was saved loads equal, of the same type, and with the digest that it had."""
    value = sample.make()
    artifact = save("result", value, blobs, pickle=False)
    back = load(artifact, blobs)
    same((type(back), sample.equal(value, back)), (type(value), True))
    same((digest_value(value), digest_value(back)), (artifact.digest, artifact.digest))
    if sample.codec:
        same(artifact.codec, sample.codec)


def artifacts_say_what_they_are(sample: Sample, blobs: BlobStore) -> None:
    """An artifact has the size of its blob, a format with a version, and one line for a person."""
    artifact = save("result", sample.make(), blobs, pickle=False)
    same(artifact.size, len(blobs.get(artifact.blob)))
    name, _, version = artifact.codec.partition(":")[0].rpartition("/")
    same((bool(name), version.isdecimal()), (True, True))
    same((bool(artifact.summary), "\n" in artifact.summary), (True, False))


def saving_leaves_the_value_alone(sample: Sample, blobs: BlobStore) -> None:
    """Saving and hashing change nothing about a value, so that it can be saved again."""
    value, fresh = sample.make(), sample.make()
    first = save("result", value, blobs, pickle=False)
    again = save("result", value, blobs, pickle=False)
    same((first.digest, sample.equal(value, fresh)), (again.digest, True))
    same(digest_value(fresh), first.digest)


def loads_are_independent(sample: Sample, blobs: BlobStore) -> None:
    """Each load gives a value of its own, and one stays whole when the store forgets the bytes."""
    artifact = save("result", sample.make(), blobs, pickle=False)
    one = load(artifact, blobs)
    blobs.delete(artifact.blob)
    same((sample.equal(sample.make(), one), digest_value(one)), (True, artifact.digest))


def values_inside_others_come_back(sample: Sample, blobs: BlobStore) -> None:
    """A value in a list, a dict and a tuple comes back as on its own, and each element can be split off."""
    value = [sample.make(), {"deep": (1, sample.make())}]
    artifact = save("result", value, blobs, pickle=False)
    back = load(artifact, blobs)
    for found in (back[0], back[1]["deep"][1]):
        same((type(found), sample.equal(sample.make(), found)), (type(sample.make()), True))
    same(digest_value(back), artifact.digest)
    same(split(artifact, blobs)[0].digest, digest_value(sample.make()))


def the_same_in_another_shape_is_the_same(sample: Sample, blobs: BlobStore) -> None:
    """Twins have one digest, and load as what they are."""
    for twin in sample.twins:
        artifact = save("result", twin(), blobs, pickle=False)
        same((name_of_make(twin), artifact.digest), (name_of_make(twin), digest_value(sample.make())))
        same(sample.equal(sample.make(), load(artifact, blobs)), True)


def what_differs_differs(sample: Sample, blobs: BlobStore) -> None:
    """No two of a value and its variations share a digest, on their own or in a list."""
    makers = (sample.make, *sample.others)
    digests = [digest_value(make()) for make in makers]
    digests += [save("result", [make()], blobs, pickle=False).digest for make in makers]
    same(len(set(digests)), len(digests))


def name_of_make(make: Make) -> str:
    """Return the name of a maker."""
    return getattr(make, "__name__", "value")


def digests_elsewhere(makers: Sequence[Make], hash_seed: int) -> list[str]:
    """Return the digest of what each maker makes, in a new process with another order of sets."""
    before = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = str(hash_seed)
    try:
        with get_context("spawn").Pool(1) as pool:
            return pool.map(_digest, makers)
    finally:
        if before is None:
            del os.environ["PYTHONHASHSEED"]
        else:
            os.environ["PYTHONHASHSEED"] = before


def _digest(make: Make) -> str:
    return digest_value(make())


CASES: tuple[Case, ...] = (
    values_come_back,
    artifacts_say_what_they_are,
    saving_leaves_the_value_alone,
    loads_are_independent,
    values_inside_others_come_back,
    the_same_in_another_shape_is_the_same,
    what_differs_differs,
)
