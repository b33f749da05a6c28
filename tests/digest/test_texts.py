"""JSON of what people write, also of what is no text."""

import json

import pytest

from mainspring.digest.texts import from_json, readable_json, to_json

VALUES = [{"a": [1, 2.5, None, True]}, "half \ud800 a pair", {"\udcff": 1}, 10**30, "é", []]


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_what_is_written_is_read_back_and_is_json(value):
    assert from_json(to_json(value)) == value
    assert json.loads(to_json(value)) == value
    assert from_json(json.dumps(value)) == value


def test_for_people_it_stands_in_one_line():
    assert [readable_json(value) for value in VALUES] == [json.dumps(value, ensure_ascii=False) for value in VALUES]
