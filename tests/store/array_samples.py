"""NumPy arrays and scalars, with the shapes that must not matter and the changes that must."""

import numpy as np

from mainspring.testing.codecs import Sample


def arrays_equal(one, other):
    return one.dtype == other.dtype and one.shape == other.shape and repr(one.tolist()) == repr(other.tolist())


def grid():
    return np.arange(12.0).reshape(3, 4)


def grid_in_fortran_order():
    return np.asfortranarray(grid())


def grid_as_a_slice():
    return np.hstack([grid(), grid()])[:, :4]


def grid_backwards_twice():
    return grid()[::-1].copy()[::-1]


def grid_transposed():
    return grid().T.copy()


def grid_of_another_shape():
    return grid().reshape(4, 3)


def grid_in_single_precision():
    return grid().astype("f4")


def grid_big_endian():
    return grid().astype(">f8")


def grid_with_one_other_bit():
    array = grid()
    array[2, 3] = np.nextafter(array[2, 3], 100)
    return array


def grid_with_minus_zero():
    array = grid()
    array[0, 0] = -0.0
    return array


def missing():
    return np.array([1.0, np.nan, 3.0])


def missing_of_another_kind():
    array = missing()
    array.view("u8")[1] = 0xFFF8000000000001
    return array


def complex_missing():
    return np.array([complex(1, np.nan), complex(np.nan, 2)])


def structured():
    return np.array([(1, 2.5, "x", [1, 2])], dtype=[("a", "i1"), ("b", "f8"), ("c", "U3"), ("d", "i4", (2,))])


def structured_with_padding():
    array = np.empty(2, np.dtype([("a", "i1"), ("b", "f8")], align=True))
    array["a"], array["b"] = 1, 2.5
    return array


def structured_with_other_padding():
    array = np.full(2, 0, np.dtype([("a", "i1"), ("b", "f8")], align=True))
    array.view(np.uint8)[:] = 255
    array["a"], array["b"] = 1, 2.5
    return array


def structured_with_another_name():
    return structured_with_padding().astype(np.dtype([("a", "i1"), ("z", "f8")], align=True))


def objects():
    array = np.empty((2, 2), dtype=object)
    array[:] = [[1, "1"], [None, 1.0]]
    array[1, 0] = [1, {"a": np.arange(3)}]
    return array


def objects_swapped():
    return objects()[::-1].copy()


def masked():
    return np.ma.MaskedArray([1.0, 2.0, 3.0], [False, True, False], fill_value=9.0)


def masked_with_other_garbage():
    return np.ma.MaskedArray([1.0, 99.0, 3.0], [False, True, False], fill_value=9.0)


def masked_elsewhere():
    return np.ma.MaskedArray([1.0, 2.0, 3.0], [False, False, True], fill_value=9.0)


def long_double():
    return np.longdouble([1, 3]) / 7


def no_rows():
    return np.zeros((0, 3), "i2")


def zero_dimensions():
    return np.array(5)


def empty_text():
    return np.zeros(3, "U0")


def text():
    return np.array(["a", "bcd", ""])


def variable_text():
    return np.array(["a", "bcd", ""], dtype=np.dtypes.StringDType())


def dates():
    return np.array(["2024-02-29", "NaT"], "M8[us]")


def dates_in_seconds():
    return dates().astype("M8[s]")


def half():
    return np.float16([1, 2])


def flags():
    return np.array([True, False])


def numbers_like_flags():
    return np.array([1, 0], "i1")


def scalars():
    return (
        np.float64(0.1),
        np.float32("nan"),
        np.int8(-3),
        np.uint64(2**63),
        np.bool_(True),
        np.complex64(1j),
        np.str_("a"),
        np.str_(""),
        np.bytes_(b"x"),
        np.datetime64("2024-02"),
        np.timedelta64(3, "h"),
        np.longdouble(1) / 3,
        np.float16(2),
    )


def python_scalars():
    return (0.1, float("nan"), -3, 2**63, True, 1j, "a", "", b"x")


def scalars_equal(one, other):
    return all(a.dtype == b.dtype and repr(a) == repr(b) for a, b in zip(one, other, strict=True))


def dtypes():
    return [np.dtype("f8"), np.dtype([("a", "i4")]), np.dtype("M8[ns]"), np.dtypes.StringDType(na_object=None)]


ARRAYS = [
    Sample(
        grid,
        arrays_equal,
        (grid_in_fortran_order, grid_as_a_slice, grid_backwards_twice),
        (
            grid_transposed,
            grid_of_another_shape,
            grid_in_single_precision,
            grid_big_endian,
            grid_with_one_other_bit,
            grid_with_minus_zero,
        ),
        "numpy-array/1",
    ),
    Sample(missing, arrays_equal, (missing_of_another_kind,)),
    Sample(complex_missing, arrays_equal),
    Sample(structured, arrays_equal),
    Sample(structured_with_padding, arrays_equal, (structured_with_other_padding,), (structured_with_another_name,)),
    Sample(objects, arrays_equal, (), (objects_swapped,), "numpy-objects/1"),
    Sample(masked, lambda a, b: repr(a) == repr(b), (masked_with_other_garbage,), (masked_elsewhere,)),
    *(
        Sample(make, arrays_equal)
        for make in (long_double, no_rows, zero_dimensions, empty_text, text, variable_text, half)
    ),
    Sample(dates, arrays_equal, (), (dates_in_seconds,)),
    Sample(flags, arrays_equal, (), (numbers_like_flags,)),
    Sample(scalars, scalars_equal, (), (python_scalars,)),
    Sample(dtypes, lambda a, b: a == b),
]
