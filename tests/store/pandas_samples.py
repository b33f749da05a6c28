"""pandas frames, series, indexes and scalars, with the shapes that must not matter and the changes that must."""

import numpy as np
import pandas as pd
import pyarrow as pa

from mainspring.testing.codecs import Sample


def pandas_equal(one, other):
    kind = type(one).__name__.replace("RangeIndex", "Index").replace("MultiIndex", "Index")
    compare = {"DataFrame": pd.testing.assert_frame_equal, "Series": pd.testing.assert_series_equal}
    compare.get(kind, pd.testing.assert_index_equal)(one, other)
    return True


def every_dtype():
    return pd.DataFrame(
        {
            "int": [1, 2, 3],
            "float": [1.0, np.nan, -0.0],
            "text": ["a", None, "c"],
            "bool": [True, False, True],
            "day": pd.date_range("2024", periods=3),
            "zoned": pd.date_range("2024-10-26", periods=3, freq="12h", tz="Europe/Paris"),
            "utc": pd.date_range("2024", periods=3, tz="UTC", unit="s"),
            "delta": pd.to_timedelta([1, 2, None]),
            "category": pd.Categorical(["x", None, "y"], categories=["y", "x", "z"], ordered=True),
            "Int": pd.array([1, None, 3], dtype="Int64"),
            "Bool": pd.array([True, None, False], dtype="boolean"),
            "Float": pd.array([1.5, None, 3], dtype="Float32"),
            "string": pd.array(["a", None, "b"], dtype="string"),
            "python": pd.array(["a", None, "b"], dtype=pd.StringDtype("python")),
            "object": pd.Series([1, "a", None], dtype=object),
            "nested": pd.Series([[1], {"a": 2}, np.nan], dtype=object),
            "period": pd.period_range("2024-01", periods=3, freq="M"),
            "interval": pd.interval_range(0, 3),
            "arrow": pd.array([[1], [2, 3], None], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
            "sparse": pd.arrays.SparseArray([0, 0, 1]),
            "complex": np.array([1j, 2, 3]),
            5: [1, 2, 3],
            ("a", 1): [1, 2, 3],
        }
    )


def every_dtype_from_pieces():
    frame = pd.concat([every_dtype(), every_dtype()], ignore_index=True).iloc[:3]
    return frame.astype({name: every_dtype()[name].dtype for name in frame.columns})


def columns_in_another_order():
    return every_dtype()[list(every_dtype().columns)[::-1]]


def rows_in_another_order():
    return every_dtype().iloc[::-1].reset_index(drop=True)


def with_an_index():
    return every_dtype().set_index("int")


def with_a_named_index():
    return every_dtype().rename_axis("n")


def with_two_indexes():
    return every_dtype().set_index(["int", "text"])


def with_days_as_index():
    return pd.DataFrame({"a": [1] * 24}, index=pd.date_range("2024", periods=24, freq="h", tz="UTC"))


def with_two_rows_of_columns():
    names = pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["p", "q"])
    return pd.DataFrame(np.arange(6.0).reshape(2, 3), columns=names)


def with_unused_levels():
    wide = pd.DataFrame(
        np.arange(8.0).reshape(2, 4),
        columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1), ("c", 9)], names=["p", "q"]),
    )
    wide.iloc[:, :3] = with_two_rows_of_columns().to_numpy()
    return wide.iloc[:, :3]


def with_one_name_twice():
    return pd.DataFrame([[1, 2.0], [3, 4.0]], columns=["a", "a"])


def with_one_label_twice():
    return pd.DataFrame({"a": [1, 2, 3]}, index=[1, 1, 1])


def nothing():
    return pd.DataFrame()


def no_columns():
    return pd.DataFrame(index=[1, 2])


def masked_integers():
    return pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64")})


def masked_integers_with_garbage():
    values = pd.arrays.IntegerArray(np.array([1, 99, 3]), np.array([False, True, False]))
    return pd.DataFrame({"a": values})


def named_series():
    return pd.Series([1, 2], name=("a", 1))


def object_series():
    return pd.Series(["a", "b"], dtype=object)


def text_series():
    return pd.Series(["a", "b"])


def category_series():
    return pd.Series(["a", "b"], dtype="category")


def index_of_days():
    return pd.date_range("2024", periods=4, freq="W")


def index_of_days_without_frequency():
    return pd.DatetimeIndex(list(index_of_days()))


def index_of_numbers():
    return pd.Index([0, 1, 2])


def index_of_a_range():
    return pd.RangeIndex(3)


def pandas_scalars():
    return (
        pd.Timestamp("2024-10-27 00:30", tz="UTC").tz_convert("Europe/Paris"),
        pd.Timestamp("2024"),
        pd.Timedelta(1, "ns"),
        pd.Period("2024", "M"),
        pd.Interval(1, 2.5),
        pd.NA,
        pd.NaT,
        pd.Int8Dtype(),
        pd.CategoricalDtype(["a"]),
        pd.StringDtype(),
        pd.PeriodDtype("M"),
    )


PANDAS = [
    Sample(
        every_dtype,
        pandas_equal,
        (every_dtype_from_pieces,),
        (columns_in_another_order, rows_in_another_order, with_an_index, with_a_named_index, with_two_indexes),
        "pandas-frame/1",
    ),
    Sample(with_two_rows_of_columns, pandas_equal, (with_unused_levels,)),
    Sample(masked_integers, pandas_equal, (masked_integers_with_garbage,)),
    Sample(object_series, pandas_equal, (), (text_series, category_series), "pandas-series/1"),
    Sample(index_of_numbers, pandas_equal, (), (index_of_a_range,), "pandas-index/1"),
    Sample(index_of_days, pandas_equal, (), (index_of_days_without_frequency,)),
    Sample(pandas_scalars, lambda a, b: repr(a) == repr(b)),
    *(
        Sample(make, pandas_equal)
        for make in (
            with_an_index,
            with_two_indexes,
            with_days_as_index,
            with_one_name_twice,
            with_one_label_twice,
            nothing,
            no_columns,
            named_series,
            index_of_a_range,
        )
    ),
]
