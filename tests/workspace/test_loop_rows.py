"""Rows that a version predicted: when they are counted again."""

import pytest

from mainspring.monitoring import Labels
from mainspring.serving.ids import Ids
from mainspring.workspace.loop_rows import ServedRows


@pytest.fixture
def served(tmp_path):
    (tmp_path / "predictions").mkdir()
    return ServedRows(tmp_path)


def labels(*values):
    ids = Ids(1)
    return Labels.of([ids.make() for _ in values], list(values), 1_760_000_000.0)


def test_labels_and_another_file_of_the_log_are_seen_and_rows_of_the_newest_one_wait(served, tmp_path):
    log = tmp_path / "predictions" / "0000000000001-0001-7.open"
    log.write_bytes(b"a")
    first = served.changed()
    log.write_bytes(b"ab")
    assert served.changed() == first
    (tmp_path / "predictions" / "0000000000002-0001-7.open").write_bytes(b"")
    second = served.changed()
    assert second != first
    served._labels.add(labels(1.0, 2.0))
    assert served.changed() != second


def test_a_file_that_is_gone_since_it_was_listed_is_no_error(served):
    served._labels.add(labels(1.0))
    folder = next(one for one in served._labels.folder.iterdir())
    (folder / ".fresh.labels-0").symlink_to(folder / "renamed by now")
    assert ".fresh.labels-0" not in served.changed()


def test_labels_are_counted_by_when_they_arrived(served):
    assert served.labels_since(0.0) == 0
    served._labels.add(labels(1.0, 2.0, 3.0))
    assert served.labels_since(0.0) == 3
    assert served.labels_since(1_760_000_000.0) == 0
