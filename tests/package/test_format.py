"""What a package is on the disk: its digest, and everything that is refused by name."""

import json
import re
import shutil
import zipfile
from pathlib import Path

import package_oracle as oracle
import pytest

from mainspring import errors
from mainspring.digest import blob_of
from mainspring.package import Package, attach, attestations, compare, digest_of_files, load, read_content

# Made by tests/package/oracle.py from these four files; it shares no code with the library but BLAKE3.
GOLDEN = {
    "stages/é.onnx": b"\x08\x08",
    "manifest.json": b"{}\n",
    "config.json": b"",
    "attest/card.md": b"no part of it",
}
GOLDEN_DIGEST = "dcec567429762b8c8f270aabe7b7aad9acf32994ca8377c7d76b8b2a8ec71cbd"


def test_the_golden_vector():
    blobs = {name: blob_of(data) for name, data in GOLDEN.items() if not name.startswith("attest/")}
    assert oracle.digest_of(GOLDEN) == GOLDEN_DIGEST
    assert digest_of_files(blobs) == GOLDEN_DIGEST
    assert digest_of_files(reversed(blobs.items())) == GOLDEN_DIGEST


def test_a_package_has_the_digest_that_the_oracle_gives_it(built, package):
    assert built.package.digest == oracle.digest_of(oracle.files_of(built.package.path))
    assert Package.at(package).digest == built.package.digest


def test_it_holds_what_its_page_says(built):
    assert sorted(oracle.files_of(built.package.path)) == [
        "config.json",
        "golden.arrow",
        "manifest.json",
        "reference.arrow",
        "signature.json",
        "stages/01-calendar.msgpack",
        "stages/01-calendar.py",
        "stages/02-quantiles.onnx",
        "stages/03-calibrate.msgpack",
        "stages/03-calibrate.py",
    ]


def test_other_programs_read_its_arrow_files(built):
    import polars as pl
    import pyarrow as pa

    data = (built.package.path / "golden.arrow").read_bytes()
    table = pa.ipc.open_stream(data).read_all()
    assert (table.num_rows, table.column_names[:2]) == (32, ["input:date", "input:store"])
    assert pl.read_ipc_stream(data).height == 32


def trusting(built, path, **options):
    return load(path, trust=built.sources, **options)


@pytest.mark.parametrize(
    "name", ["config.json", "golden.arrow", "signature.json", "stages/02-quantiles.onnx", "stages/03-calibrate.py"]
)
def test_a_changed_byte_is_tampering(built, package, name):
    data = bytearray((package / name).read_bytes())
    data[len(data) // 2] ^= 1
    (package / name).write_bytes(data)
    with pytest.raises(errors.TamperedPackageError, match=rf"The bytes of {re.escape(name)} are not those"):
        trusting(built, package)


def test_a_longer_file_and_a_strange_file_are_tampering(built, package):
    (package / "stages/extra.py").write_text("import os")
    with pytest.raises(errors.TamperedPackageError, match=r"holds stages/extra\.py, which its manifest does not list"):
        trusting(built, package)
    (package / "stages/extra.py").unlink()
    with (package / "config.json").open("a") as file:
        file.write(" ")
    with pytest.raises(errors.TamperedPackageError, match=r"config\.json has \d+ bytes, not \d+"):
        trusting(built, package)


@pytest.mark.parametrize("name", ["golden.arrow", "stages/02-quantiles.onnx", "manifest.json"])
def test_a_file_that_ends_early_is_truncation(built, package, name):
    data = (package / name).read_bytes()
    (package / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(errors.TruncatedPackageError, match=r"bytes of|ends early"):
        trusting(built, package)


def test_a_file_that_is_gone_is_truncation(built, package):
    (package / "stages/03-calibrate.msgpack").unlink()
    with pytest.raises(errors.TruncatedPackageError, match=r"The package lacks stages/03-calibrate\.msgpack"):
        trusting(built, package)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_zip_that_ends_early_is_truncation(built, tmp_path, share):
    path = tmp_path / "package.zip"
    with path.open("wb") as file:
        built.package.write(file)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(errors.TruncatedPackageError, match="ends early"):
        trusting(built, path)


def test_a_changed_byte_in_a_zip_is_tampering(built, tmp_path):
    path = tmp_path / "package.zip"
    with path.open("wb") as file:
        built.package.write(file)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)
    with pytest.raises(errors.TamperedPackageError, match="The zip"):
        trusting(built, path)


def test_a_zip_with_a_file_twice_or_outside_is_tampering(built, tmp_path):
    files = oracle.files_of(built.package.path)
    for name, said in (("config.json", "holds a file twice"), ("../outside.py", "does not list")):
        path = tmp_path / "package.zip"
        with zipfile.ZipFile(path, "w") as archive, pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.warn", lambda *_, **__: None)
            for each, data in [*files.items(), (name, b"{}")]:
                archive.writestr(each, data)
        with pytest.raises(errors.TamperedPackageError, match=said):
            trusting(built, path)


def rewrite(package: Path, **changes) -> None:
    """Change the manifest, as a forger would."""
    manifest = json.loads((package / "manifest.json").read_text())
    (package / "manifest.json").write_text(json.dumps(manifest | changes))


def test_a_newer_format_is_named(built, package):
    rewrite(package, format=2, surprise={"a": 1})
    with pytest.raises(errors.NewerPackageError, match="has format 2, and this release reads up to 1"):
        trusting(built, package)


@pytest.mark.parametrize("changes", [{"kind": "model"}, {"format": 0}, {"format": "1"}, {"stages": 3}, {"files": {}}])
def test_a_manifest_of_something_else_is_foreign(built, package, changes):
    rewrite(package, **changes)
    with pytest.raises(
        errors.ForeignPackageError, match=r"no package of Mainspring|not as its format says|does not list"
    ):
        trusting(built, package)


def test_what_is_no_package_is_foreign(tmp_path):
    (tmp_path / "text").write_text("hello")
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/model.pkl").write_bytes(b"\x80\x04.")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    for name in ("text", "empty", "folder", "other.zip"):
        with pytest.raises(errors.ForeignPackageError, match="This is no package of Mainspring"):
            load(tmp_path / name)
    with pytest.raises(errors.InputError, match="does not exist"):
        load(tmp_path / "nothing")


def test_a_consistent_forgery_has_another_digest(built, package):
    (package / "config.json").write_text('{"horizon_days": 1}\n')
    manifest = json.loads((package / "manifest.json").read_text())
    data = (package / "config.json").read_bytes()
    files = manifest["files"] | {"config.json": {"blob": blob_of(data), "size": len(data)}}
    rewrite(package, files=files)
    assert trusting(built, package).config == {"horizon_days": 1}
    with pytest.raises(errors.TamperedPackageError, match=f"and {built.package.digest} is expected"):
        trusting(built, package, digest=built.package.digest)


def test_source_runs_only_when_it_is_trusted(built, package):
    with pytest.raises(errors.UntrustedStageError, match="runs source that was not approved") as caught:
        load(package)
    assert caught.value.sources == built.sources
    assert len(built.sources) == 1  # both stages are of one module
    with pytest.raises(errors.UntrustedStageError):
        load(package, trust=["0" * 64])
    assert load(package, trust=[built.package.digest]).parity.ok
    assert load(package, trust=built.sources[0]).parity.ok


def forge_source(package: Path, text: str) -> str:
    """Replace the source of a stage with another, consistently; returns its digest."""
    (package / "stages/03-calibrate.py").write_text(text)
    manifest = json.loads((package / "manifest.json").read_text())
    row = {"blob": blob_of(text.encode()), "size": len(text.encode())}
    rewrite(package, files=manifest["files"] | {"stages/03-calibrate.py": row})
    return row["blob"]


def test_another_source_needs_another_trust_and_does_not_run(built, package, tmp_path):
    marker = tmp_path / "ran"
    forged = forge_source(
        package,
        f"from pathlib import Path\nPath({str(marker)!r}).touch()\n" + (package / "stages/03-calibrate.py").read_text(),
    )
    with pytest.raises(errors.UntrustedStageError, match=forged):
        trusting(built, package)
    assert not marker.exists()
    load(package, trust=[*built.sources, forged])
    assert marker.exists()


@pytest.mark.parametrize(
    "line",
    ["import mainspring", "from mainspring.engine import worker", "import polars", "import pickle", "from . import x"],
)
def test_trusted_source_still_imports_numpy_alone(built, package, line):
    forged = forge_source(package, f"{line}\n" + (package / "stages/03-calibrate.py").read_text())
    with pytest.raises(errors.StageError, match=r"The source of a stage imports '.*' \(stages/03-calibrate\.py:1\)"):
        load(package, trust=[*built.sources, forged])


def test_trusted_source_that_predicts_otherwise_is_refused(built, package):
    text = (package / "stages/03-calibrate.py").read_text().replace("np.rint(", "1.01 * np.rint(")
    forged = forge_source(package, text)
    with pytest.raises(errors.ParityError, match="Predictions differ by more than the rule allows") as caught:
        load(package, trust=[*built.sources, forged])
    assert any("'q0.5': the difference at 0.5 of the rows is 0.01, above" in line for line in caught.value.lines)


def test_a_graph_with_one_changed_tree_is_refused(built, package):
    """A planted perturbation: one leaf in twenty of the median predicts one per cent more, and the manifest agrees."""
    import onnx

    model = onnx.load_from_string((package / "stages/02-quantiles.onnx").read_bytes())
    tree = [node for node in model.graph.node if node.op_type == "TreeEnsembleRegressor"][2]
    (weights,) = [one for one in tree.attribute if one.name == "target_weights"]
    weights.floats[:] = [value * (1.01 if place % 20 == 0 else 1) for place, value in enumerate(weights.floats)]
    data = model.SerializeToString()
    (package / "stages/02-quantiles.onnx").write_bytes(data)
    manifest = json.loads((package / "manifest.json").read_text())
    row = {"blob": blob_of(data), "size": len(data)}
    rewrite(package, files=manifest["files"] | {"stages/02-quantiles.onnx": row})
    with pytest.raises(errors.ParityError, match="golden samples of") as caught:
        trusting(built, package)
    assert any("'q0.5'" in line for line in caught.value.lines)


def test_attestations_are_beside_the_package(built, package):
    of = Package.at(package)
    attach(of, "metrics.json", {"pinball": 0.5})
    attach(of, "card.md", "# Demand")
    attach(of, "card.md", "# Demand of stores")
    found = {one.name: one for one in attestations(package)}
    assert found["card.md"].content == b"# Demand of stores"
    assert json.loads(found["metrics.json"].content) == {"pinball": 0.5}
    assert {one.package for one in found.values()} == {of.digest}
    assert Package.at(package).digest == of.digest == oracle.digest_of(oracle.files_of(package))
    assert trusting(built, package).parity.ok
    (package / "attest/card.md").write_text("# Something else")
    with pytest.raises(errors.TamperedPackageError, match=r"attest/card\.md is not what was attached"):
        attestations(package)
    assert trusting(built, package).parity.ok  # the model is what it was
    with pytest.raises(errors.InputError, match="cannot be the name of an attestation"):
        attach(of, "../card.md", "x")


def test_attestations_of_another_package_are_refused(built, package, tmp_path):
    attach(Package.at(package), "card.md", "x")
    other = shutil.copytree(built.package.path, tmp_path / "other")
    forge_source(other, (other / "stages/03-calibrate.py").read_text() + "\n")
    shutil.copytree(package / "attest", other / "attest")
    with pytest.raises(errors.TamperedPackageError, match="The attestations are about the package"):
        attestations(other)


def test_attestations_of_a_zip(built, tmp_path):
    path = tmp_path / "package.zip"
    with path.open("wb") as file:
        built.package.write(file)
    attach(Package.at(path), "card.md", "# Demand")
    assert [one.name for one in attestations(path)] == ["card.md"]
    assert Package.at(path) == built.package


def test_nothing_but_a_package_is_replaced(forecaster, tmp_path):
    import package_samples

    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/thesis.txt").write_text("years of work")
    with pytest.raises(errors.InputError, match="is there already, and is no package"):
        package_samples.build_forecaster(forecaster, tmp_path / "notes")
    assert (tmp_path / "notes/thesis.txt").exists()


def test_differences(built, package):
    assert compare(read_content(built.package.path), read_content(package)) == ()
    rewrite(package, name="other")
    (change,) = compare(read_content(built.package.path), read_content(package))
    assert (change.about, change.before, change.after) == ("name", "demand", "other")
