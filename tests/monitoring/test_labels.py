"""Labels that come late and in any order give the figures of labels that came at once."""

import numpy as np
import pytest

from mainspring.errors import MonitoringError
from mainspring.monitoring import Labels, LabelShelf, Window, join, quality_of

DAY = 86_400
START = 1_700_000_000 // DAY * DAY


def identities(times):
    heads = [f"{round(time * 1000):012x}" for time in times]
    return [f"{head[:8]}-{head[8:]}-7{place % 4096:03x}-8000-{place:012x}" for place, head in enumerate(heads)]


def test_labels_out_of_order_over_fourteen_days_give_the_figures_of_labels_at_once(tmp_path):
    rng = np.random.default_rng(0)
    times = START + rng.uniform(0, 3 * DAY, 5_000)
    ids = identities(times)
    predicted, actual = rng.normal(size=(2, 5_000))
    late = times + rng.uniform(0, 14 * DAY, 5_000)
    at_once, slowly = LabelShelf(tmp_path / "once"), LabelShelf(tmp_path / "slowly")
    at_once.add(Labels.of(ids, actual, late))
    order = np.argsort(late + rng.normal(0, DAY, 5_000))
    for some in np.array_split(order, 28):
        delivery = Labels.of([ids[place] for place in some], actual[some], late[some])
        assert set(slowly.add(delivery)) <= {START, START + DAY, START + 2 * DAY}
        slowly.add(delivery)  # the same once more is the same
    for day in range(3):
        window = Window(START + day * DAY, DAY)
        mine = (times >= window.start) & (times < window.end)
        names = np.array(ids)[mine]
        figures = [
            quality_of(window, predicted[mine], join(names, 0, shelf.between(window.start, window.end)))
            for shelf in (at_once, slowly)
        ]
        assert figures[0] == figures[1]
        assert figures[0].coverage == 1.0
        assert figures[0].loss == pytest.approx(np.abs(predicted - actual)[mine].mean(), rel=1e-12)


def test_the_later_label_holds_whatever_comes_first():
    ids = identities([START, START + 1])
    labels = Labels.of([ids[0], ids[0], ids[1], "0" * 36], [1.0, 2.0, 3.0, 9.0], [20, 10, 5, 1])
    found = join(ids, 0, labels)
    assert found.values.tolist() == [1.0, 3.0]
    assert (found.unknown, found.replaced) == (1, 1)


def test_rows_of_an_answer_are_told_apart():
    (one,) = identities([START])
    found = join([one] * 3, [0, 1, 2], Labels.of([one, one], [5.0, 7.0], 1, [2, 0]))
    assert found.values[[0, 2]].tolist() == [7.0, 5.0]
    assert np.isnan(found.values[1])


def test_a_label_without_a_row_is_of_the_first():
    (one,) = identities([START])
    assert join([one] * 2, [0, 1], Labels.of([one], [5.0], 1)).values.tolist()[0] == 5.0


def test_what_is_not_known_yet_is_said():
    ids = identities([START, START + 1])
    found = quality_of(Window(START, DAY), [1.0, 2.0], join(ids, 0, Labels.of(ids[:1], [4.0], 0)), "squared")
    assert (found.predictions, found.labelled, found.coverage, found.loss) == (2, 1, 0.5, 9.0)
    none = quality_of(Window(START, DAY), [1.0], join(ids[:1], 0, Labels.of(ids[1:], [4.0], 0)))
    assert (none.loss, none.coverage) == (None, 0.0)
    with pytest.raises(MonitoringError, match=r"no loss 'absolut'.*Did you mean 'absolute'"):
        quality_of(Window(START, DAY), [1.0], found, "absolut")


@pytest.mark.parametrize("spread", [True, False])
def test_labels_are_joined_by_what_they_name_even_where_hashes_are_the_same(monkeypatch, spread):
    if not spread:
        monkeypatch.setattr("mainspring.monitoring.labels.mixed", lambda bits: bits % np.uint64(3))
    rng = np.random.default_rng(0)
    ids = np.array([f"{number:036d}" for number in rng.integers(0, 40, 300)], "S36")
    rows = rng.integers(0, 5, 300)
    named = np.array([f"{number:036d}" for number in rng.integers(0, 50, 400)], "S36")
    labels = Labels(named, rng.integers(0, 6, 400), rng.normal(size=400), rng.permutation(400).astype(float))
    place_of = {key: place for place, key in enumerate(zip(ids.tolist(), rows.tolist(), strict=True))}
    expected, unknown = np.full(300, np.nan), 0
    for place in np.argsort(labels.arrived):
        key = labels.ids[place], labels.rows[place]
        unknown += key not in place_of
        if key in place_of:
            expected[place_of[key]] = labels.values[place]
    found = join(ids, rows, labels)
    np.testing.assert_array_equal(found.values, expected)
    assert found.unknown == unknown > 0
    assert join(ids[:0], rows[:0], labels).unknown == 400


def test_labels_that_belong_to_nothing_are_refused(tmp_path):
    with pytest.raises(MonitoringError, match="identity that is none"):
        LabelShelf(tmp_path).add(Labels.of(["order 17"], [1.0], 0))
    with pytest.raises(MonitoringError, match="another number of labels"):
        Labels.of(["a", "b"], [1.0, 2.0, 3.0], 0)
