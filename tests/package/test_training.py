"""What a package says of its training."""

import shutil

import pytest

from linear_packages import linear
from mainspring.errors import DefinitionError, TamperedPackageError
from mainspring.package import Package, Training, attest_training, training_of


def test_it_stands_beside_the_package_and_leaves_its_digest(tmp_path):
    built = linear(tmp_path / "p")
    assert training_of(built.package.path) is None
    said = attest_training(built.package, "2025-03-01", rows=12)
    assert said.digest == Package.at(tmp_path / "p").digest == built.package.digest
    assert training_of(tmp_path / "p") == Training("2025-03-01", refit=False, rows=12)


@pytest.mark.parametrize(
    ("until", "said"), [("March", "ended at 'March'"), ("2025-03-01T10:00:00+02:00", "has a time zone")]
)
def test_an_end_that_is_none_is_refused(until, said):
    with pytest.raises(DefinitionError, match=said):
        Training(until)


def test_what_is_said_of_another_package_is_refused(tmp_path):
    attest_training(linear(tmp_path / "a").package, "2025-03-01")
    other = linear(tmp_path / "b", (5.0, 1.0)).package
    shutil.copytree(tmp_path / "a/attest", other.path / "attest")
    with pytest.raises(TamperedPackageError, match="are about the package"):
        training_of(other.path)
