import dataclasses
import datetime
import decimal
import fractions
import io
import struct
import subprocess
import sys
import threading
import uuid
import zoneinfo
from pathlib import Path, PurePosixPath, PureWindowsPath

import golden_shapes
import oracle
import pytest
from golden_shapes import Colour, Extra, Level, Outer, Pair, Point, Rights, Slotted
from hypothesis import given
from hypothesis import strategies as st

from mainspring.digest import File, Folder, canonical, digest_of, restore
from mainspring.errors import NewerFormatError, StoreError, UnstorableError

ZONES = st.sampled_from([None, datetime.UTC, datetime.timezone(datetime.timedelta(hours=2), "X")])
TEXT = st.text(st.characters(exclude_categories=[]))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-300, 300),
    st.floats(),
    st.complex_numbers(),
    TEXT,
    st.binary(),
    st.binary().map(bytearray),
    st.sampled_from([*Colour, *Level, Rights.READ, Rights.READ | Rights.WRITE, Rights(0)]),
    st.dates(),
    st.times(timezones=ZONES),
    st.datetimes(timezones=ZONES),
    st.timedeltas(),
    st.sampled_from([zoneinfo.ZoneInfo("UTC"), zoneinfo.ZoneInfo("Europe/Paris")]),
    st.decimals(),
    st.fractions(),
    st.uuids(),
    st.sampled_from([PurePosixPath("a/b"), PureWindowsPath("a"), Path("/x"), range(3), range(0, 9, 2), slice(1, None)]),
)
KEYS = st.one_of(
    st.none(), st.booleans(), st.integers(), TEXT, st.binary(), st.dates(), st.sampled_from(Colour), st.tuples(TEXT)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(KEYS, inner, max_size=5),
        st.sets(KEYS, max_size=5),
        st.frozensets(KEYS, max_size=5),
        st.builds(Pair, inner, inner),
        st.builds(Point, inner, inner),
        st.builds(Slotted, TEXT, st.lists(inner, max_size=3)),
        st.builds(Outer.Inner, inner),
        st.builds(Extra, st.integers()),
    ),
    max_leaves=12,
)


def identical(one, other):
    """Equal in value and in every type, with one NaN and two zeros: written without any encoding."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return repr(one) == repr(other)
    if isinstance(one, complex):
        return identical(one.real, other.real) and identical(one.imag, other.imag)
    if isinstance(one, decimal.Decimal):
        return repr(one) == repr(other)
    if isinstance(one, dict):
        return len(one) == len(other) and all(
            identical(a, b)
            for pairs in zip(one.items(), other.items(), strict=True)
            for a, b in zip(*pairs, strict=True)
        )
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(identical(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, set | frozenset):
        return len(one) == len(other) and all(any(identical(a, b) for b in other) for a in one)
    if dataclasses.is_dataclass(one):
        return all(identical(getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one))
    if isinstance(one, datetime.datetime | datetime.time):
        return repr(one) == repr(other)
    return one == other


@given(VALUES)
def test_values_come_back_with_their_types(value):
    assert identical(restore(canonical(value)), value)


@given(VALUES, VALUES)
def test_two_values_share_an_encoding_only_if_they_are_identical(one, other):
    assert (canonical(one) == canonical(other)) is identical(one, other)


@given(VALUES)
def test_the_encoding_is_the_one_on_paper(value):
    assert canonical(value) == oracle.canonical(value)


@given(st.lists(st.tuples(TEXT, st.integers()), unique_by=lambda pair: pair[0]), st.randoms(use_true_random=False))
def test_order_counts_in_a_dict_and_not_in_a_set(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    assert (digest_of(dict(pairs)) == digest_of(dict(shuffled))) is (pairs == shuffled)
    assert digest_of(set(pairs)) == digest_of(set(shuffled))


def test_look_alikes_all_differ():
    alike = [
        1,
        1.0,
        True,
        "1",
        b"1",
        1 + 0j,
        decimal.Decimal(1),
        fractions.Fraction(1),
        Level.LOW,
        (1,),
        [1],
        {1},
        {1: 1},
    ]
    alike += [0.0, -0.0, None, "", b"", bytearray(), [], (), {}, set(), frozenset(), "None", "[]"]
    alike += [["ab", "c"], ["a", "bc"], [["a"], "b"], ["a", ["b"]], Pair(1), Point(1, None), (1, None)]
    alike += [uuid.UUID(int=1), Path("1"), PurePosixPath("1"), range(1), range(1, 2), slice(1)]
    assert len({digest_of(value) for value in alike}) == len(alike)


def test_extra_attributes_count_and_cached_ones_do_not():
    one, other = Extra(3), Extra(3)
    assert one.squared == 9
    assert canonical(one) == canonical(other)
    other.doubled = 7
    assert canonical(one) != canonical(other)
    assert restore(canonical(other)).doubled == 7


def test_digests_do_not_depend_on_the_hash_seed():
    script = "from mainspring.digest import digest_of; print(digest_of({'b', 'a', 'c', ('d', 1), frozenset('xyz')}))"
    command = [sys.executable, "-c", script]
    seeds = ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"})
    one, other = (
        subprocess.run(command, env=seed, capture_output=True, text=True, check=True).stdout for seed in seeds
    )
    assert one == other


@pytest.mark.parametrize("how", ["file", "module"])
def test_classes_of_the_main_module_go_by_the_name_of_their_file(how, tmp_path):
    (tmp_path / "shop.py").write_text(
        "from dataclasses import dataclass\n"
        "from mainspring.digest import canonical, restore\n"
        "@dataclass\nclass Order:\n    number: int\n"
        "if __name__ == '__main__':\n"
        "    back = restore(canonical(Order(3)))\n"
        "    assert type(back) is Order\n"
        "    print(canonical(back).hex())\n"
    )
    command = [sys.executable, *(["shop.py"] if how == "file" else ["-m", "shop"])]
    script = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    program = "import shop; from mainspring.digest import canonical; print(canonical(shop.Order(3)).hex())"
    imported = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert script == imported.stdout


def cycle():
    value = {"a": [1]}
    value["a"].append(value)
    return value


def deep():
    value = []
    for _ in range(100_000):
        value = [value]
    return value


class Unknown:
    pass


@dataclasses.dataclass
class Counted(dict):
    size: int = 0


def local():
    @dataclasses.dataclass
    class Hidden:
        pass

    return Hidden()


def unset():
    value = Slotted("a")
    del value.values
    return value


UTC = b"TZif" + bytes(16) + struct.pack(">6I", 0, 0, 0, 0, 1, 4) + bytes(6) + b"UTC\0"
REFUSED = {
    "an unknown type": (
        {"model": [Unknown()]},
        r"A test_encoding.Unknown has no canonical form \(value\['model'\]\[0\]\). Use a plain value, or add a codec",
    ),
    "a lock": (Point(Pair(threading.Lock())), r"A _thread.lock has no canonical form \(value.x.left\)"),
    "a key": ({Unknown: 1}, r"A builtins.type has no canonical form \(value.key\(type\)\)"),
    "a cycle": (cycle(), r"A dict contains itself \(value\). Break the cycle: refer to parts by a name or a number"),
    "a deep nest": (deep(), r"A list is nested too deeply to be stored \(value\). Return a flatter structure"),
    "a local class": (
        [local()],
        r"local.<locals>.Hidden is defined inside a function.*\(value\[0\]\). Move the class",
    ),
    "a dataclass that is a dict too": (Counted(), "A test_encoding.Counted has no canonical form"),
    "a field that is not set": (unset(), r"Field 'values' of a Slotted is not set \(value\). Set every field"),
    "a file": (
        [File("a.csv")],
        r"A File is identified by its content \(value\[0\]\). Pass it to a step as an argument",
    ),
    "a folder": (Folder("a"), "A Folder is identified by its content"),
    "a nameless zone": (
        zoneinfo.ZoneInfo.from_file(io.BytesIO(UTC)),
        r"A ZoneInfo without a key has no identity .*Name the zone",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_canonical_form_is_refused_with_its_place(case):
    value, message = REFUSED[case]
    with pytest.raises(UnstorableError, match=message):
        canonical(value)


def test_other_types_go_through_the_hook():
    value = [Unknown(), {"a": Unknown()}]
    encoded = canonical(value, lambda found: type(found).__name__.encode())
    assert restore(encoded, bytes) == [b"Unknown", {"a": b"Unknown"}]
    assert canonical(value, lambda _: b"other") != encoded


def test_the_place_of_an_error_of_the_hook_is_prefixed():
    def refuse(value):
        raise UnstorableError("No", "value.inner[3]", "Do not.")

    with pytest.raises(UnstorableError, match=r"No \(value\['a'\]\[0\].inner\[3\]\). Do not."):
        canonical({"a": [Unknown()]}, refuse)


def test_bytes_of_another_version_or_torn_ones_are_errors():
    data = canonical(["a", 1.5])
    with pytest.raises(NewerFormatError, match="A value is encoded in version 02, and this release reads version 01"):
        restore(b"\x02" + data[1:])
    for torn in range(1, len(data)):
        with pytest.raises(StoreError, match="Bytes are no canonical encoding"):
            restore(data[:torn])
    with pytest.raises(StoreError, match="1 bytes follow its end"):
        restore(data + b"N")
    with pytest.raises(StoreError, match="no tag at byte 1"):
        restore(b"\x01?")
    with pytest.raises(StoreError, match="it holds a value that needs a codec"):
        restore(canonical(Unknown(), lambda _: b"x"))


CHANGED = {
    "a class that is gone": (b"\x05Point", b"\x05Joint", "golden_shapes.Joint, and there is no such class any more"),
    "a module that is gone": (
        b"golden_shapes",
        b"golden_sharps",
        "golden_sharps.Point, and there is no such class any more",
    ),
    "another field": (b"\x01y", b"\x01z", "golden_shapes.Point is not what it was.*: its fields were x, z"),
    "another kind of class": (
        b"\x05Point",
        b"\x06Colour",
        "golden_shapes.Colour is not what it was.*: its fields were x, y",
    ),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_class_that_changed_is_an_error(case):
    old, new, message = CHANGED[case]
    with pytest.raises(UnstorableError, match=message):
        restore(canonical(Point(1)).replace(old, new))


def test_an_enum_member_that_changed_its_value_is_an_error():
    with pytest.raises(UnstorableError, match=r"golden_shapes.Colour is not what it was when .*: RED was 'rad'"):
        restore(canonical(Colour.RED).replace(b"\x03red", b"\x03rad"))
    with pytest.raises(
        UnstorableError, match=r"golden_shapes.Pair is not what it was when .*: its fields were lift, right"
    ):
        restore(canonical(Pair(1)).replace(b"\x04left", b"\x04lift"))
    assert golden_shapes.Colour is Colour
