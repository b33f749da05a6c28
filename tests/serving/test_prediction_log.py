"""The prediction log: what was answered is there, up to an unfinished end; a slow disk costs answers, not memory."""

import os
import threading
import time

import numpy as np
import pytest
from msgspec import msgpack

from mainspring.errors import ServingError
from mainspring.serving.ids import Ids, moment_of, worker_of
from mainspring.serving.predlog import PredictionLog, erase, find, prune, read_segment, segments
from mainspring.serving.predlog.frames import MAGIC, ColumnRow, ModelRow
from mainspring.serving.predlog.writer import Entry
from mainspring.workspace.predictions import erase_key, find_answers

MODEL = ModelRow(
    0,
    "d" * 64,
    "shop",
    "3",
    "champion",
    "run-1",
    (ColumnRow("price", "float64"), ColumnRow("customer", "string"), ColumnRow("day", "date")),
    (ColumnRow("low", "float64"),),
    ("memo",),
)
IDS = Ids(7)


def entry(rows: int = 1, model: ModelRow = MODEL, **changes) -> Entry:
    given = {
        "price": np.arange(rows, dtype=float),
        "customer": np.array([f"c{row}" for row in range(rows)], object),
        "day": np.datetime64("2026-01-01") + np.arange(rows),
        "memo": np.array(["secret"] * rows, object),
    }
    return Entry(IDS.make(), model, rows, 120, given, {"low": np.arange(rows) * 2.0}, **changes)


def answers(folder) -> list:
    return [one for segment in segments(folder) for one in read_segment(segment.path)]


def test_what_was_logged_is_read(tmp_path):
    log = PredictionLog(tmp_path, 7)
    first = entry(3, level=1, reason="shop 2 failed", marks=(("rows[0].price", "range"),), overridden=({"who": "ada"},))
    log.add(first)
    assert log.flush()
    [segment] = segments(tmp_path)
    assert (segment.closed, segment.worker) == (False, 7)
    log.add(entry(shadow=True))
    log.close()
    assert [one.closed for one in segments(tmp_path)] == [True]
    one, two = answers(tmp_path)
    assert (one.row.id, one.row.rows, one.row.level, one.row.reason) == (first.id, 3, 1, "shop 2 failed")
    assert one.row.marks == (("rows[0].price", "range"),)
    assert one.row.overridden == ({"who": "ada"},)
    assert (one.model.package, one.model.alias, one.model.run) == (MODEL.package, "champion", "run-1")
    assert list(one.inputs) == ["price", "customer", "day"]
    assert one.inputs["day"].tolist() == first.inputs["day"].tolist()
    assert one.outputs["low"].tolist() == [0, 2, 4]
    assert two.row.shadow
    assert find(tmp_path, first.id) == [one]
    assert b"secret" not in segments(tmp_path)[0].path.read_bytes()


def test_several_versions_in_one_file(tmp_path):
    log = PredictionLog(tmp_path, 7)
    versions = ["3", "4", "3", "5"]
    for version in versions:
        log.add(entry(model=ModelRow(0, version * 64, "shop", version, None, None, MODEL.inputs, MODEL.outputs)))
    log.close()
    assert [one.model.version for one in answers(tmp_path)] == versions


def test_an_unfinished_end_hides_nothing_before_it(tmp_path):
    log = PredictionLog(tmp_path, 7)
    ends, path = [], segments(tmp_path)[0].path
    for _ in range(4):
        log.add(entry())
        log.flush()
        ends.append(path.stat().st_size)
    log.close()
    whole = segments(tmp_path)[0].path.read_bytes()
    cut = tmp_path / "cut" / "0000000000001-0007-1.log"
    cut.parent.mkdir()
    for size in range(len(whole) + 1):
        cut.write_bytes(whole[:size])
        assert len(list(read_segment(cut))) == sum(end <= size for end in ends)
    for place in range(ends[1] + 12, ends[2], 7):
        cut.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert len(list(read_segment(cut))) == 2


def test_other_versions_and_other_files_are_refused(tmp_path):
    path = tmp_path / "0000000000001-0007-1.log"
    path.write_bytes(MAGIC[:-1] + b"\x09" + b"x" * 40)
    with pytest.raises(ServingError, match="has the version 9"):
        list(read_segment(path))
    path.write_bytes(b"something else entirely")
    with pytest.raises(ServingError, match="This is no prediction log"):
        list(read_segment(path))


def test_a_file_is_closed_when_it_is_large_or_old(tmp_path):
    log = PredictionLog(tmp_path, 7, largest=500, oldest=1000)
    for _ in range(6):
        log.add(entry())
        log.flush()
    log.close()
    assert len(segments(tmp_path)) >= 2
    assert len(answers(tmp_path)) == 6


def test_a_slow_disk_costs_answers_and_no_memory(tmp_path):
    gate = threading.Event()

    def slow(handle: int, data: bytes) -> int:
        gate.wait(10)
        return os.write(handle, data)

    log = PredictionLog(tmp_path, 7, memory=20_000, write=slow)
    given = 0
    while log.ready():
        log.add(entry())
        given += 1
    assert 20_000 <= log.waiting < 22_000
    gate.set()
    assert log.flush()
    assert log.ready()
    log.close()
    assert len(answers(tmp_path)) == given


def test_answers_that_wait_too_long_stop_new_ones(tmp_path):
    gate = threading.Event()
    log = PredictionLog(tmp_path, 7, write=lambda handle, data: (gate.wait(10), os.write(handle, data))[1])
    log.add(entry())
    assert log.ready()
    time.sleep(1.0)
    assert not log.ready()
    gate.set()
    log.close()
    assert len(answers(tmp_path)) == 1


def test_a_full_disk_is_waited_for_and_nothing_is_lost_or_half_written(tmp_path, caplog):
    room = [150]

    def write(handle: int, data: bytes) -> int:
        if room[0] == 0:
            raise OSError(28, "No space left on device")
        count = os.write(handle, data[: room[0]])
        room[0] -= count
        return count

    log = PredictionLog(tmp_path, 7, write=write)
    for _ in range(3):
        log.add(entry())
    end = time.monotonic() + 5
    while log.error is None and time.monotonic() < end:
        time.sleep(0.02)
    assert log.error == "No space left on device"
    assert answers(tmp_path) == []
    room[0] = 10**9
    assert log.flush()
    log.close()
    assert len(answers(tmp_path)) == 3
    assert "The prediction log cannot be written" in caplog.text


def test_a_folder_that_cannot_be_written_is_told_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ServingError, match="The prediction log cannot be written"):
        PredictionLog(tmp_path / "file" / "log", 7)


def test_erasing_a_key_leaves_that_there_was_an_answer(tmp_path):
    log = PredictionLog(tmp_path, 7)
    log.add(entry(3))
    log.add(entry(1))
    log.flush()
    log.close()
    done = erase(tmp_path, "customer", "c1")
    assert (done.rows, done.files, done.open) == (1, 1, ())
    one, two = answers(tmp_path)
    assert one.inputs["customer"].tolist() == ["c0", None, "c2"]
    assert np.isnan(one.inputs["price"]).tolist() == [False, True, False]
    assert np.isnat(one.inputs["day"]).tolist() == [False, True, False]
    assert np.isnan(one.outputs["low"]).tolist() == [False, True, False]
    assert (one.row.erased, two.row.erased) == ((1,), ())
    assert msgpack.encode("c1") not in segments(tmp_path)[0].path.read_bytes()
    assert erase(tmp_path, "customer", "c1").rows == 0
    assert erase(tmp_path, "price", "2").rows == 1
    assert erase(tmp_path, "day", "2026-01-01").rows == 2
    with pytest.raises(ServingError, match="No answer in the log has a column 'memo'"):
        erase_key(tmp_path, "memo", "secret")


def test_what_is_old_is_removed_and_what_is_open_stays(tmp_path):
    log = PredictionLog(tmp_path, 7)
    log.add(entry())
    log.close()
    old = segments(tmp_path)[0].path
    os.utime(old, (1, 1))
    still = PredictionLog(tmp_path, 7)
    assert prune(tmp_path, 1000) == [old]
    still.close()


def test_identities_are_ordered_and_tell_their_time_and_worker():
    ids = Ids(300)
    made = [ids.make() for _ in range(20_000)]
    assert made == sorted(set(made))
    assert worker_of(made[0]) == 300
    assert abs(moment_of(made[0]) - time.time()) < 5
    for wrong in ("", "x" * 36, "01a1fdfe-7b5c-4000-b7d7-ecb6c4d5ba8a"):
        with pytest.raises(ValueError, match="is no identity"):
            moment_of(wrong)


def test_what_is_not_there_is_told(tmp_path):
    with pytest.raises(ServingError, match="is no identity of a prediction"):
        find(tmp_path, "5")
    with pytest.raises(ServingError, match="Nothing is logged under"):
        find_answers(tmp_path, IDS.make())


def test_a_key_is_erased_in_one_call_while_services_write(tmp_path):
    logs = [PredictionLog(tmp_path, worker) for worker in (7, 8)]
    for log in logs:
        log.add(entry(3))  # not flushed: it was answered before the call, so it is erased
    done = erase(tmp_path, "customer", "c1")
    assert (done.rows, done.files, done.open) == (2, 2, ())
    for log in logs:
        log.add(entry(3))
    assert erase(tmp_path, "customer", "c1").rows == 2
    for log in logs:
        log.add(entry(3))
        log.close()
    kept = [one.inputs["customer"].tolist() for one in answers(tmp_path)]
    assert sorted(map(str, kept)) == ["['c0', 'c1', 'c2']"] * 2 + ["['c0', None, 'c2']"] * 4
    assert (tmp_path / ".begin-anew").exists()


def test_a_service_that_does_not_close_its_file_is_told(tmp_path):
    gate = threading.Event()
    log = PredictionLog(tmp_path, 7, write=lambda handle, data: (gate.wait(10), os.write(handle, data))[1])
    log.add(entry(3))
    begun = time.monotonic()
    done = erase(tmp_path, "customer", "c1", patience=0.5)
    assert time.monotonic() - begun < 5
    assert (done.rows, done.open) == (0, (segments(tmp_path)[0].path,))
    gate.set()
    assert erase(tmp_path, "customer", "c1").rows == 1
    log.close()
