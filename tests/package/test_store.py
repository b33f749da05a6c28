"""A package as a value that a step returns and the store keeps."""

from pathlib import Path

import pytest

from mainspring import errors
from mainspring.package import Package, attach, attestations
from mainspring.package import load as load_package
from mainspring.store import LocalStore, digest_value, load, save
from mainspring.testing import codecs
from mainspring.testing.codecs import Sample


def tiny(name: str = "tiny", weight: float = 2.0, place: str = "p") -> Package:
    import tempfile

    import numpy as np
    from forecast_stages import Logistic

    from mainspring.package import Field, Pipeline, Signature, Spec, build

    pipeline = Pipeline(Signature((Field("a"),)), {"model": Logistic(["a"], "p", np.array([weight]), 0.5)})
    return build(pipeline, Spec(name), {"a": np.arange(5.0)}, Path(tempfile.mkdtemp()) / place).package


def zipped() -> Package:
    return tiny(place="p.zip")


def attested() -> Package:
    return attach(tiny(), "card.md", "# Tiny")


def renamed() -> Package:
    return tiny("other")


def heavier() -> Package:
    return tiny(weight=3.0)


def in_a_list() -> list:
    return [tiny(), {"champion": heavier()}]


def equal(one, two) -> bool:
    return one == two and (not isinstance(one, Package) or one.name == two.name)


SAMPLES = [
    Sample(tiny, equal, twins=(zipped, attested), others=(renamed, heavier), codec="package/1"),
    Sample(in_a_list, equal),
]


@pytest.fixture
def blobs(tmp_path):
    return LocalStore(tmp_path / "home")


@pytest.mark.parametrize("case", codecs.CASES, ids=codecs.name_of)
@pytest.mark.parametrize("sample", SAMPLES, ids=codecs.name_of)
def test_conformance(case, sample, blobs):
    case(sample, blobs)


def test_the_digest_of_the_artifact_is_that_of_the_package(built, blobs):
    artifact = save("result", built.package, blobs, pickle=False)
    assert artifact.digest == built.package.digest == digest_value(built.package)
    assert artifact.summary == f"package demand, {built.package.digest[:12]}"
    back = load(artifact, blobs)
    assert back == built.package
    assert back.path.is_dir()
    assert load_package(back.path, trust=built.sources).parity.ok


def test_attestations_travel_along(blobs):
    artifact = save("result", attested(), blobs, pickle=False)
    (card,) = attestations(load(artifact, blobs).path)
    assert (card.name, card.content) == ("card.md", b"# Tiny")


def test_a_package_that_changed_since_it_was_built_is_not_kept(blobs):
    package = tiny()
    (package.path / "config.json").write_text('{"a":1}\n')
    with pytest.raises(errors.TamperedPackageError, match=r"config\.json"):
        save("result", package, blobs, pickle=False)


def test_a_step_returns_one_and_the_next_run_is_a_hit(project):
    project.write((Path(__file__).parent / "forecast_stages.py").read_text(), "forecast_stages.py")
    project.write(
        """
        from pathlib import Path
        from tempfile import mkdtemp

        import numpy as np
        from forecast_stages import Logistic
        from mainspring import pipeline, step
        from mainspring.package import Field, Package, Pipeline, Signature, Spec, build, load


        @step
        def fit(weight: float) -> Pipeline:
            return Pipeline(Signature((Field("a"),)), {"model": Logistic(["a"], "p", np.array([weight]), 0.5)})


        @step
        def package(fitted: Pipeline) -> Package:
            return build(fitted, Spec("tiny"), {"a": np.arange(5.0)}, Path(mkdtemp()) / "p").package


        @step
        def serve(made: Package) -> float:
            return float(load(made.path, trust=[made.digest]).predict([{"a": 1.0}])["p"][0, 1])


        @pipeline
        def tiny() -> float:
            return serve(package(fit(2.0)))
        """
    )
    first = project.run()
    assert (first["status"], round(first["result"], 3)) == ("succeeded", 0.924)
    assert set(project.run()["by_step"].values()) == {"hit"}
    project.write((project.folder / "pipeline.py").read_text().replace("fit(2.0)", "fit(3.0)"))
    again = project.run()
    assert set(again["by_step"].values()) == {"ran"}
    assert round(again["result"], 3) == 0.971
