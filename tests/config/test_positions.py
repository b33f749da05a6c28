import tomllib

from hypothesis import given
from hypothesis import strategies as st

from mainspring.config.positions import line_of, positions

TEXT = '''# [not.a.table]
title = "a # b"   # comment

"quoted key" = 'x = 1'
lines = """
[fake]
x = 1 \\""" still
"""""
after = 9
dotted . key."deep\\u0041" = 10
list = [
  1, # one
  [2,
   3],
  { a = 15, b = {c = """
"""} },
]

[a.b]
x = 20
[a]  # after its part
y = 22
[[shop]]
name = 24
  [shop.place]
  x = 26
  [[shop.item]]
  n = 28
  [[shop.item]]
  n = 30
[[shop]]
name = 32
when = 1979-05-27 07:32:00
[ "quoted.table" . inner ]
z = 35'''


def test_every_kind_of_key_has_its_line():
    assert positions(TEXT) == {
        ("title",): 2,
        ("quoted key",): 4,
        ("lines",): 5,
        ("after",): 9,
        ("dotted",): 10,
        ("dotted", "key"): 10,
        ("dotted", "key", "deepA"): 10,
        ("list",): 11,
        ("list", 0): 12,
        ("list", 1): 13,
        ("list", 1, 0): 13,
        ("list", 1, 1): 14,
        ("list", 2): 15,
        ("list", 2, "a"): 15,
        ("list", 2, "b"): 15,
        ("list", 2, "b", "c"): 15,
        ("a",): 21,
        ("a", "b"): 19,
        ("a", "b", "x"): 20,
        ("a", "y"): 22,
        ("shop",): 23,
        ("shop", 0): 23,
        ("shop", 0, "name"): 24,
        ("shop", 0, "place"): 25,
        ("shop", 0, "place", "x"): 26,
        ("shop", 0, "item"): 27,
        ("shop", 0, "item", 0): 27,
        ("shop", 0, "item", 0, "n"): 28,
        ("shop", 0, "item", 1): 29,
        ("shop", 0, "item", 1, "n"): 30,
        ("shop", 1): 31,
        ("shop", 1, "name"): 32,
        ("shop", 1, "when"): 33,
        ("quoted.table",): 34,
        ("quoted.table", "inner"): 34,
        ("quoted.table", "inner", "z"): 35,
    }


def test_an_empty_text_has_no_positions():
    assert positions("") == positions("# only a comment") == positions("\n\n") == {}


def test_line_ends_may_be_those_of_windows():
    assert positions('a = 1\r\n# x\r\nb = """\r\n"""\r\nc = 1\r\n') == {("a",): 1, ("b",): 3, ("c",): 5}


def test_a_key_without_a_line_has_that_of_what_is_around_it():
    found = positions("[a]\nb = 1")
    assert line_of(found, ("a", "b", 3)) == 2
    assert line_of(found, ("a", "c")) == 1
    assert line_of(found, ("c",)) is None


names = st.sampled_from(["a", "b", "c-d", "1", "é", "x.y", 'q"t', "[t]", "#", "= ", ""])
fillers = st.sampled_from(
    [
        "",
        "   ",
        "# comment = 1",
        "# [table] '''",
        'F = """\n[x]\n\\"""\n"""""',
        "F = '''\nx = 1\n\\''''",
        'F = "# \\" [x]"',
        "F = [\n 'a]', # ]\n\n [ ], {}\n]",
        "F = {a = 1, \"b}\" = '{'}",
        "F = 1979-05-27 07:32:00 # x",
        "F = -1e3",
    ]
)
styles = st.sampled_from(["{}={}", "{} = {}", "  {}\t=  {}  # c", "{} = [{}]", "{} = [\n{},\n]", "{} = {{v = {}}}"])
entries = st.tuples(st.lists(names, min_size=1, max_size=3), styles, st.lists(fillers, max_size=2))
tables = st.tuples(st.lists(names, max_size=3), st.booleans(), st.lists(entries, max_size=4))


def written(name: str) -> str:
    plain = name and all(letter in "abcd-1" for letter in name)
    return name if plain else '"' + name.replace('"', '\\"') + '"'


def document(parts) -> str:
    """Write a document whose every number is the line that it stands on."""
    lines: list[str] = []
    for number, (header, repeated, pairs) in enumerate(parts):
        if header:
            key = " . ".join(map(written, header))
            lines.append(f"[[ {key} ]]" if repeated else f"[{key}]")
        for place, (keys, style, extra) in enumerate(pairs):
            for index, filler in enumerate(extra):
                lines += filler.replace("F", f"filler{number}-{place}-{index}").split("\n")
            start = len(lines) + 1
            lines += style.format(".".join(map(written, keys)), start + style.startswith("{} = [\n")).split("\n")
    return "\n".join(lines)


def leaves(value, path=()):
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from leaves(item, (*path, key))
    else:
        yield path, value


@given(st.lists(tables, max_size=5))
def test_positions_agree_with_tomllib_in_any_document(parts):
    text = document(parts)
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # keys that meet: no valid document
    found = positions(text)
    expected = {path: value for path, value in leaves(read) if not any(str(key).startswith("filler") for key in path)}
    assert {path: found.get(path) for path in expected} == expected
    assert all(path in found for path, _ in leaves(read))
    known = {path[:end] for path, _ in leaves(read) for end in range(len(path) + 1)}
    assert all(path in known or _is_empty(read, path) for path in found)


def _is_empty(read, path) -> bool:
    for key in path:
        read = read[key]
    return read in ({}, []) or not list(leaves(read))
