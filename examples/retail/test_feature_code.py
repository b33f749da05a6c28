"""The code of features, one small table at a time, against what loops say."""

import numpy as np
from features import Window, build, quantiles, recent_means, smoothed, usual
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

SEASON, PAST, AHEAD = 7, 420, 17
SOLD = st.one_of(st.just(np.nan), st.integers(0, 500).map(float))
SOME = settings(max_examples=25, deadline=None)


@st.composite
def windows(draw, factor=1.0):
    """Two series whose history repeats a short drawn one, with days that are not known."""
    drawn = draw(arrays(np.float64, (2, 30), elements=SOLD))
    units = np.resize(drawn, (2, PAST)) * factor
    units[:, : draw(st.integers(0, PAST))] = np.nan
    known = draw(arrays(np.float64, (2, 9), elements=st.sampled_from([0.0, 1.0, np.nan])))
    opened = draw(arrays(np.float64, (2, 11), elements=st.sampled_from([0.0, 1.0])))
    return Window(
        origin=np.full(2, np.datetime64("2024-02-27")),
        units=units,
        open=np.resize(opened, (2, PAST + AHEAD)),
        price=None,
        known={"promo": np.resize(known, (2, PAST + AHEAD))},
        static={"kind": np.array([0.0, 1.0])},
        groups={"kind": np.ones((2, 2))},
        closings=np.zeros((2, PAST + AHEAD)),
        flags=("promo",),
        season=SEASON,
        days=1,
        delay=3,
    )


@given(arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 30)), elements=SOLD))
@SOME
def test_quantiles_are_those_of_numpy_without_what_is_missing(values):
    found = quantiles(values, (0.0, 0.25, 0.9, 1.0))
    for row, got in zip(values, found.T, strict=True):
        known = row[~np.isnan(row)]
        assert np.allclose(got, np.quantile(known, (0.0, 0.25, 0.9, 1.0))) if len(known) else np.isnan(got).all()


@given(arrays(np.float64, (3, 30), elements=SOLD))
@SOME
def test_recent_means_are_what_loops_say(units):
    found = recent_means(units, (1, 2, 4), SEASON)
    for span in (1, 2, 4):
        for row, got in zip(units, found[str(span)], strict=True):
            known = [value for value in row[-span * SEASON :] if not np.isnan(value)]
            assert np.isclose(got, np.mean(known)) if known else np.isnan(got)


@given(windows())
@SOME
def test_features_of_any_history_are_numbers_or_unknown_and_alike_in_any_company(window):
    found, level = build(window, relative=True)
    assert np.isfinite(level).all()
    assert (level >= 0.5).all()
    assert not any(np.isinf(values).any() for values in found.values())
    alone = Window(**{name: _first(getattr(window, name)) for name in Window.__dataclass_fields__})
    for name, values in build(alone, relative=True)[0].items():
        assert np.array_equal(values[0], found[name][0], equal_nan=True), name


def _first(value):
    if isinstance(value, dict):
        return {name: one[:1] for name, one in value.items()}
    return value[:1] if isinstance(value, np.ndarray) else value


@given(windows(), st.floats(2, 50))
@SOME
def test_relative_features_do_not_know_the_unit_of_large_series(window, factor):
    large = Window(
        **{name: getattr(window, name) for name in Window.__dataclass_fields__} | {"units": window.units + 50}
    )
    scaled = Window(
        **{name: getattr(large, name) for name in Window.__dataclass_fields__} | {"units": large.units * factor}
    )
    first, second = build(large, relative=True)[0], build(scaled, relative=True)[0]
    known = (~np.isnan(window.units[:, -56:])).any(axis=1)
    for name in first:
        if name != "level":
            assert np.allclose(first[name][known], second[name][known], rtol=1e-4, atol=1e-6, equal_nan=True), name


@given(windows())
@SOME
def test_simple_forecasts_ascend_and_are_not_negative(window):
    levels = (0.25, 0.5, 0.75)
    found = usual(window, levels)
    assert (np.diff(found, axis=-1) >= 0).all()
    assert (found >= 0).all()
    smooth = smoothed(window, levels)
    known = ~np.isnan(smooth).any(axis=-1)
    assert (np.diff(smooth[known], axis=-1) >= 0).all()
