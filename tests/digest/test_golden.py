import json
from pathlib import Path

import golden_shapes
import oracle
import pytest

from mainspring.digest import blob_of, canonical, digest_file, digest_folder, digest_of, restore, tagged

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())


def evaluated(expression):
    return eval(expression, vars(oracle) | {"golden_shapes": golden_shapes})


def test_golden_vectors_are_what_the_oracle_writes():
    assert oracle.vectors() == GOLDEN


@pytest.mark.parametrize("vector", GOLDEN["values"], ids=lambda vector: vector["value"])
def test_values_have_the_golden_encoding_and_digest(vector):
    value = evaluated(vector["value"])
    assert vector["canonical"] in (None, canonical(value).hex())
    assert digest_of(value) == vector["digest"]


@pytest.mark.parametrize("vector", GOLDEN["values"], ids=lambda vector: vector["value"])
def test_golden_encodings_restore_to_their_value_and_type(vector):
    value = evaluated(vector["value"])
    back = restore(canonical(value))
    assert type(back) is type(value)
    assert canonical(back) == canonical(value)


def test_golden_values_all_differ():
    digests = [vector["digest"] for vector in GOLDEN["values"]]
    assert len(set(digests)) == len(digests)


def test_bytes_have_the_golden_blob():
    for vector in GOLDEN["blobs"]:
        assert blob_of(oracle.BLOBS[vector["bytes"]]) == vector["blob"]


def test_tagged_parts_have_the_golden_digest():
    for vector in GOLDEN["tagged"]:
        assert tagged(*map(oracle.part, vector["parts"])) == vector["digest"]


def test_files_have_the_golden_digest(tmp_path):
    for index, vector in enumerate(GOLDEN["files"]):
        path = tmp_path / str(index) / vector["name"]
        path.parent.mkdir()
        path.write_text(vector["content"])
        assert digest_file(path) == vector["digest"]


def test_folders_have_the_golden_digest(tmp_path):
    for index, vector in enumerate(GOLDEN["folders"]):
        for name, kind, content in vector["entries"]:
            path = tmp_path / str(index) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "d":
                path.mkdir()
            else:
                path.write_text(content)
                path.chmod(0o755 if kind == "x" else 0o644)
        assert digest_folder(tmp_path / str(index)) == vector["digest"]
