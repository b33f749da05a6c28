"""Recognise handwritten digits: fetch, validate, split, train, evaluate."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from mainspring import evidence, log, pipeline, seed, step

# The steps that use scikit-learn import it: a run that finds every result in the store does not wait for it.
if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestClassifier


@dataclass(frozen=True)
class Digits:
    """What can be changed. The values are in config.toml."""

    labels: list[int]
    images: int
    test_share: float
    trees: int


class Parts(NamedTuple):
    train: pd.DataFrame
    test: pd.DataFrame


@step
def fetch(count: int) -> pd.DataFrame:
    """One image a row: the grey levels of 8 x 8 pixels, and in `target` the digit that it shows."""
    from sklearn.datasets import load_digits

    return load_digits(as_frame=True).frame.head(count)


@step
def validate(images: pd.DataFrame) -> pd.DataFrame:
    """The images, if all their grey levels are there and from 0 to 16."""
    faults = {
        "a grey level of 17": lambda images: images.assign(pixel_0_0=17.0),
        "a missing grey level": lambda images: images.assign(pixel_0_0=float("nan")),
    }
    evidence("data.expectations", "grey levels", check_levels, images, faults=faults)
    check_levels(images)
    return images


def check_levels(images: pd.DataFrame) -> None:
    levels = images.drop(columns="target")
    right = (levels >= 0) & (levels <= 16)
    if not right.all(axis=None):
        raise ValueError(f"{(~right).any(axis=1).sum()} images have grey levels that are missing or not from 0 to 16")


@step
def split(images: pd.DataFrame, test_share: float) -> Parts:
    """Two parts, with every digit in the same proportion."""
    from sklearn.model_selection import train_test_split

    return Parts(*train_test_split(images, test_size=test_share, stratify=images["target"], random_state=seed()))


@step
def train(images: pd.DataFrame, labels: list[int], trees: int) -> "RandomForestClassifier":
    """A random forest that knows the digits in `labels` and no others."""
    from sklearn.ensemble import RandomForestClassifier

    if absent := set(labels) - set(images["target"]):
        raise ValueError(f"No image shows a digit in {sorted(absent)}")
    known = images[images["target"].isin(labels)]
    return RandomForestClassifier(trees, random_state=seed()).fit(known.drop(columns="target"), known["target"])


@step
def evaluate(model: "RandomForestClassifier", images: pd.DataFrame) -> float:
    """The share of the images that the model recognises. A digit that it does not know counts as wrong."""
    from mainspring import quality

    pixels = images.drop(columns="target")
    predicted = quality.classification(images["target"], model.predict_proba(pixels), model.classes_)
    found = quality.analyse(predicted, quality.Rows(keys={"image": images.index}))
    accuracy = predicted.measures["accuracy"].values.mean()

    log("accuracy", accuracy)
    for digit in sorted(found.detail.classes, key=lambda one: one.label):
        log(f"accuracy of {digit.label}", digit.recall)
    for title, drawn in quality.draw_analysis(found).items():
        log(title, drawn)
    show(model, images)
    return float(accuracy)


def show(model: "RandomForestClassifier", images: pd.DataFrame) -> None:
    """What the model can do, as evidence: each check is also run on a model that is wrong on purpose."""
    actual = images["target"]
    predicted = pd.Series(model.predict(images.drop(columns="target")), images.index)
    labels = [digit for digit in model.classes_ if (actual == digit).any()]
    commonest = actual.mode()[0]
    simple = (actual == commonest).mean()
    evidence(
        "model.baseline",
        "better than always the commonest digit",
        lambda answers: (answers == actual).mean() > simple,
        predicted,
        faults={"a model that says the same of every image": lambda answers: answers.map(lambda _: commonest)},
        says=f"{(predicted == actual).mean():.1%} of the images, the commonest digit {simple:.1%}",
    )
    recognised = (predicted == actual).groupby(actual).mean()[labels]
    evidence(
        "model.slices",
        "half of the images of each digit that it learned",
        lambda answers: (answers == actual).groupby(actual).mean()[labels].min() >= 0.5,
        predicted,
        faults={f"a model that never says {labels[0]}": lambda answers: answers.replace(labels[0], -1)},
        says=f"digit {recognised.idxmin()}, {recognised.min():.1%} recognised",
    )


@pipeline
def digits(config: Digits) -> float:
    images = validate(fetch(config.images))
    parts = split(images, config.test_share)
    model = train(parts.train, config.labels, config.trees)
    return evaluate(model, parts.test)
