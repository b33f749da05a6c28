"""Lists in statements, and texts that databases can hold."""

import doctest
import re
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.tracking import database
from mainspring.tracking.database import LIMIT, pieces, spread, storable


def test_the_examples_are_right():
    assert doctest.testmod(database).failed == 0


VALUES = st.lists(st.integers(-5, 5), max_size=LIMIT)


@given(VALUES, VALUES)
def test_a_list_means_what_it_says(there, asked):
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (x)")
    connection.executemany("INSERT INTO t VALUES (?)", [(value,) for value in there])
    sql, named = spread("SELECT x FROM t WHERE x IN :asked AND x > :least", {"asked": tuple(asked), "least": -4})
    found = [value for (value,) in connection.execute(sql, named)]
    connection.close()
    assert found == [value for value in there if value in asked and value > -4]


def test_lists_of_many_lengths_are_few_statements():
    statements = {spread("x IN :v", {"v": tuple(range(length))})[0] for length in range(LIMIT + 1)}
    assert len(statements) == 10


@given(st.lists(st.integers(), max_size=3 * LIMIT))
def test_pieces_are_the_whole(values):
    assert [value for piece in pieces(values) for value in piece] == values
    assert all(0 < len(piece) <= LIMIT for piece in pieces(values))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_text_that_can_be_stored_stays(text):
    assert storable(text) == text


@pytest.mark.parametrize(
    ("text", "stored"),
    [("a\x00b", "a\ufffdb"), ("a\udce9b", "a\ufffdb"), ("\ud83d\ude00", "\U0001f600"), ("\ud83d", "\ufffd")],
)
def test_text_that_cannot_be_stored_is_replaced(text, stored):
    assert storable(text) == stored


def test_nothing_but_tracking_speaks_to_a_database():
    package = Path(database.__file__).parents[1]
    others = [path for path in package.rglob("*.py") if not {"tracking", "testing"} & set(path.parts)]
    assert [path.name for path in others if re.search(r"\bSELECT\b.*\bFROM\b", path.read_text())] == []
