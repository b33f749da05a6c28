"""Outside a run a step is a plain function, so it is tested like one. Run with `pytest`."""

import pandas as pd
import pytest
from pipeline import Digits, digits, evaluate, fetch, split, train, validate
from sklearn.dummy import DummyClassifier

from mainspring import evidence, run, step
from mainspring.testing import check_overfits_one_batch

pytest_plugins = ["mainspring.testing.fixtures"]


def test_fetch_gives_one_image_a_row():
    images = fetch(20)
    assert images.shape == (20, 8 * 8 + 1)
    assert set(images["target"]) == set(range(10))


@pytest.mark.parametrize("level", [-1.0, 17.0, float("nan")])
def test_validate_refuses_grey_levels_that_cannot_be(level):
    images = fetch(20)
    images.loc[3, "pixel_0_0"] = level
    with pytest.raises(ValueError, match="1 images have grey levels"):
        validate(images)


def test_split_keeps_every_image_once():
    images = fetch(200)
    parts = split(images, 0.25)
    assert len(parts.test) == 50
    assert sorted([*parts.train.index, *parts.test.index]) == list(images.index)


def test_train_knows_the_labels_and_no_others():
    model = train(fetch(200), [0, 1, 2], 5)
    assert list(model.classes_) == [0, 1, 2]


def test_train_refuses_a_label_without_images():
    with pytest.raises(ValueError, match=r"No image shows a digit in \[10\]"):
        train(fetch(200), [0, 10], 5)


def test_a_digit_that_the_model_does_not_know_counts_as_wrong():
    images = fetch(200)
    model = train(images, [0, 1], 5)
    assert evaluate(model, images) <= images["target"].isin([0, 1]).mean()


def test_the_pipeline_runs(tmp_path):
    small = Digits(labels=[0, 1, 2], images=200, test_share=0.5, trees=5)
    done = run(digits, small, home=tmp_path)
    assert done.status == "succeeded"
    assert [step.name for step in done.steps] == ["fetch", "validate", "split", "train", "evaluate"]
    assert 0.2 < done.result < 0.4


@step
def guess(images: pd.DataFrame, **_) -> DummyClassifier:
    """In the place of `train`: what it says has nothing to do with the image."""
    return DummyClassifier(strategy="most_frequent").fit(images.drop(columns="target"), images["target"])


def test_another_model_fits_into_the_pipeline(smoke_run):
    assert smoke_run(digits, replace={"train": guess}).result < 0.2


def test_the_model_learns_a_few_images_by_heart():
    def wrong(model, images):
        return 1 - (model.predict(images.drop(columns="target")) == images["target"]).mean()

    def learns(train):
        check_overfits_one_batch(train, wrong, fetch(20), below=0.05)

    assert evidence(
        "infrastructure.model-code",
        "20 images learned by heart",
        learns,
        lambda images: train(images, list(range(10)), 20),
        faults={"labels that do not belong to their image": lambda fit: lambda images: fit(shifted(images))},
    )


def shifted(images: pd.DataFrame) -> pd.DataFrame:
    return images.assign(target=(images["target"] + 1) % 10)
