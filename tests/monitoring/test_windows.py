"""Windows are counted, merged by addition, kept and read back; nothing that is sensitive is in them."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from mainspring.errors import MonitoringError, NewerFormatError
from mainspring.monitoring import (
    Served,
    Shelf,
    Window,
    count_rows,
    decode_layout,
    decode_window,
    encode_layout,
    encode_window,
    layout_of,
    layout_of_rows,
    merge_windows,
    window_of_profile,
)
from mainspring.stats import columns_of, profile_frame

WINDOW = Window(1_700_000_400 // 3600 * 3600, 3600, "retail", "a" * 64)


def sample(rows, seed=0):
    rng = np.random.default_rng(seed)
    price = rng.lognormal(size=rows)
    price[rng.random(rows) < 0.05] = np.nan
    shop = rng.choice(["a", "b", "c"], rows).astype(object)
    shop[rng.random(rows) < 0.1] = None
    return {"price": price, "units": rng.poisson(3, rows).astype(float), "shop": shop, "open": rng.random(rows) < 0.5}


def layout():
    return layout_of_rows(sample(5_000), outputs={"sales": np.random.default_rng(1).normal(size=5_000)})


def rows_of(seed, rows=1_000):
    return {**sample(rows, seed), "output.sales": np.random.default_rng(seed).normal(size=rows)}


def fields(profile):
    return {
        name: getattr(profile, name)
        for name in profile.__slots__
        if name not in ("sums", "products", "repeated", "window")
    }


def test_counts_are_those_of_the_rows():
    axes, rows = layout(), rows_of(2)
    found = count_rows(axes, WINDOW, rows, Served(np.array([50, 900, 2_000_000]), 1, {"price: null": 3}, 5.0))
    price = axes.names.index("price")
    finite = rows["price"][~np.isnan(rows["price"])]
    ends = [-np.inf, *axes.axes[price].edges, np.inf]
    assert found.counts[price].tolist()[: len(ends) - 1] == np.histogram(finite, ends)[0].tolist()
    assert found.nan[price] == np.isnan(rows["price"]).sum()
    assert found.nulls[axes.names.index("shop")] == sum(one is None for one in rows["shop"])
    assert (found.minimum[price], found.maximum[price]) == (finite.min(), finite.max())
    scaled = (finite - axes.axes[price].centre) / axes.axes[price].scale
    assert found.sums[price] == pytest.approx([(scaled**power).sum() for power in (1, 2, 3, 4)])
    assert found.answers == 3
    assert found.micros.sum() == 3
    distinct = found.distinct()
    assert distinct[axes.names.index("units")] == pytest.approx(len(set(rows["units"])), rel=0.2)
    assert distinct[price] == pytest.approx(len(set(finite.tolist())), rel=0.2)


def test_the_merge_of_parts_is_the_whole():
    axes, rows = layout(), rows_of(3)
    whole = count_rows(axes, WINDOW, rows)
    parts = [
        count_rows(axes, WINDOW, {name: values[part] for name, values in rows.items()})
        for part in (slice(0, 10), slice(10, 700), slice(700, None))
    ]
    for merged in (merge_windows(parts), merge_windows(parts[::-1])):
        for name, value in fields(whole).items():
            np.testing.assert_array_equal(getattr(merged, name), value, name)
        assert merged.sums == pytest.approx(whole.sums)
        assert merged.products == pytest.approx(whole.products)
    with pytest.raises(MonitoringError, match="different layouts"):
        merge_windows([whole, replace(whole, layout="other")])


def test_columns_of_a_frame_count_as_arrays_do():
    axes, rows = layout(), rows_of(4)
    frame = pl.DataFrame({name: values.tolist() if values.dtype == object else values for name, values in rows.items()})
    one, other = count_rows(axes, WINDOW, columns_of(frame)), count_rows(axes, WINDOW, rows)
    for name, value in fields(one).items():
        np.testing.assert_array_equal(getattr(other, name), value, name)


def test_new_values_and_numbers_out_of_range_are_counted_and_shown():
    axes, rows = layout(), rows_of(5)
    rows["shop"][:7], rows["price"][:3] = "new", [-1.0, 1e9, np.inf]
    found = count_rows(axes, WINDOW, rows)
    shop, price = axes.names.index("shop"), axes.names.index("price")
    assert found.fresh[shop] == 7
    assert found.novel == ((shop, "new", 7),)
    assert (found.below[price], found.above[price], found.infinite[price]) == (1, 1, 1)


def test_a_column_that_is_missing_is_null_and_rows_without_any_are_an_error():
    axes, rows = layout(), rows_of(6)
    del rows["units"]
    assert count_rows(axes, WINDOW, rows).nulls[axes.names.index("units")] == 1_000
    with pytest.raises(MonitoringError, match="no column that is watched"):
        count_rows(axes, WINDOW, {"prices": np.ones(3)})
    with pytest.raises(MonitoringError, match="differ in length"):
        count_rows(axes, WINDOW, {"price": np.ones(3), "units": np.ones(4)})


def test_rows_that_are_equal_are_counted_as_repeated():
    axes, rows = layout(), rows_of(7)
    for values in rows.values():
        values[-25:] = values[:25]
    assert count_rows(axes, WINDOW, rows).repeated == 25


def test_what_is_sensitive_leaves_nothing_in_layout_or_window():
    rows = {**sample(2_000), "name": np.array([f"customer-{place}" for place in range(2_000)], dtype=object)}
    axes = layout_of_rows(rows, sensitive=["name"])
    found = count_rows(axes, WINDOW, rows)
    assert axes.axes[axes.names.index("name")].kind == "counted"
    assert b"customer-" not in encode_layout(axes) + encode_window(found)
    assert not found.counts[axes.names.index("name")].any()


def test_windows_and_layouts_are_read_as_they_were_written():
    axes = layout()
    found = count_rows(axes, WINDOW, rows_of(8))
    back = decode_window(encode_window(found))
    for name in found.__slots__:
        np.testing.assert_array_equal(getattr(back, name), getattr(found, name), name)
    assert encode_window(back) == encode_window(found)
    assert decode_layout(encode_layout(axes)) == axes
    with pytest.raises(MonitoringError, match="no profile of a window"):
        decode_window(encode_window(found)[:-5])
    with pytest.raises(NewerFormatError, match="mainspring-layout/9"):
        decode_layout(encode_layout(axes).replace(b"layout/1", b"layout/9"))


def test_profiles_of_a_package_become_windows_of_the_same_counts():
    frame = sample(5_000)
    profile = profile_frame(frame)
    axes = layout_of([profile])
    one, other = window_of_profile(axes, WINDOW, profile), count_rows(axes, WINDOW, frame)
    assert one.rows == other.rows
    assert np.abs(one.counts - other.counts).max() <= 10
    np.testing.assert_array_equal(one.counts.sum(1), other.counts.sum(1))
    np.testing.assert_array_equal(one.missing, other.missing)


def test_a_shelf_gives_back_windows_in_order_and_prunes_them(tmp_path):
    shelf, axes = Shelf(tmp_path), layout()
    shelf.put_layout("retail", "a" * 64, axes)
    assert shelf.layout("retail", "a" * 64) == axes
    for hour in (30, 1, 0):
        shelf.put(count_rows(axes, replace(WINDOW, start=WINDOW.start + 3600 * hour), rows_of(hour, 50)))
    found = [
        (one.window.start - WINDOW.start) // 3600 for one in shelf.between(WINDOW, WINDOW.start, WINDOW.start + 1e6)
    ]
    assert found == [0, 1, 30]
    assert shelf.get(replace(WINDOW, segment="shop=a")) is None
    assert shelf.prune(WINDOW.start + 2 * 3600) == 2
    with pytest.raises(MonitoringError, match="another layout"):
        shelf.put_layout("retail", "a" * 64, layout_of_rows(sample(100)))
