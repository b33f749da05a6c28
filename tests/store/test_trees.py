import os
import time

import pytest

from mainspring.digest import File, Folder, digest_file, digest_folder
from mainspring.errors import CorruptBlobError, InputError, MissingBlobError, ReadOnlyError, StoreError
from mainspring.store import load, materialise, save, sweep, with_parts


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "model"
    (folder / "layers" / "none").mkdir(parents=True)
    (folder / "weights.bin").write_bytes(os.urandom(3_000_000))
    (folder / "layers" / "run.sh").write_text("echo")
    (folder / "layers" / "run.sh").chmod(0o755)
    (folder / "copy.sh").write_text("echo")
    return folder


def change(path, data):
    path.chmod(0o644)
    path.write_bytes(data)


def test_a_file_is_one_blob_and_keeps_its_name(source, blobs):
    artifact = save("weights", File(source / "weights.bin"), blobs, pickle=False)
    assert artifact.digest == digest_file(source / "weights.bin")
    assert (artifact.codec, artifact.size, artifact.summary) == ("file/1:weights.bin", 3_000_000, "file weights.bin")
    assert [blob for blob, _, _ in blobs.blobs()] == [artifact.blob]
    data = (source / "weights.bin").read_bytes()
    (source / "weights.bin").unlink()
    file = load(artifact, blobs)
    assert (type(file), file.path.name, file.read_bytes()) == (File, "weights.bin", data)
    assert file.path == blobs.files / artifact.digest / "weights.bin"
    assert file.path.stat().st_mode & 0o222 == 0
    assert digest_file(file) == artifact.digest


def test_a_folder_is_a_manifest_and_a_blob_for_each_content(source, blobs):
    artifact = save("model", Folder(source), blobs, pickle=False)
    assert artifact.digest == digest_folder(source)
    assert (artifact.codec, artifact.size, artifact.summary) == ("folder/1", 3_000_008, "folder model, 3 files")
    assert len(list(blobs.blobs())) == 3
    folder = load(artifact, blobs)
    assert list(folder) == ["copy.sh", "layers/run.sh", "weights.bin"]
    assert digest_folder(folder) == artifact.digest
    assert (folder / "layers" / "none").is_dir()
    assert os.access(folder / "layers" / "run.sh", os.X_OK)
    assert (folder / "weights.bin").read_bytes() == (source / "weights.bin").read_bytes()


def test_what_is_laid_out_is_used_again_unless_it_was_altered(source, blobs):
    file = save("weights", File(source / "weights.bin"), blobs, pickle=False)
    folder = save("model", Folder(source), blobs, pickle=False)
    path, place = load(file, blobs).path, load(folder, blobs).path
    inodes = path.stat().st_ino, (place / "copy.sh").stat().st_ino
    load(file, blobs)
    load(folder, blobs)
    assert inodes == (path.stat().st_ino, (place / "copy.sh").stat().st_ino)
    change(path, b"altered")
    change(place / "copy.sh", b"altered")
    (place / "more").write_text("more")
    assert digest_file(load(file, blobs)) == file.digest
    assert digest_folder(load(folder, blobs)) == folder.digest
    assert not [path for path in blobs.files.iterdir() if path.name.startswith(".")]


def test_artifacts_are_laid_out_where_somebody_wants_them(source, blobs, tmp_path):
    file = save("weights", File(source / "weights.bin"), blobs, pickle=False)
    folder = save("model", Folder(source), blobs, pickle=False)
    there = tmp_path / "export"
    there.mkdir()
    (there / "mine.txt").write_text("mine")
    assert materialise(file, blobs, there) == there / "weights.bin"
    assert materialise(folder, blobs, there / "model") == there / "model"
    assert (there / "mine.txt").read_text() == "mine"
    assert digest_folder(there / "model") == folder.digest
    plain = save("number", 3, blobs, pickle=False)
    with pytest.raises(StoreError, match="Artifact 'number' is a value/1, not a file or folder"):
        materialise(plain, blobs, there)


def test_damage_to_a_file_of_a_folder_is_laid_at_the_folders_door(source, blobs):
    artifact = save("model", Folder(source), blobs, pickle=False)
    weights = save("w", File(source / "weights.bin"), blobs, pickle=False).blob
    change(blobs.path(weights), b"?")
    with pytest.raises(
        CorruptBlobError, match=r"A file of artifact 'model' cannot be read: Blob .* is corrupt"
    ) as raised:
        load(artifact, blobs)
    assert raised.value.blob == artifact.blob
    assert not blobs.has(weights)
    assert blobs.has(artifact.blob)
    with pytest.raises(MissingBlobError, match=r"A file of artifact 'model' cannot be read: Blob .* is not in"):
        load(artifact, blobs)
    assert save("model", Folder(source), blobs, pickle=False) == artifact
    assert digest_folder(load(artifact, blobs)) == artifact.digest


def test_names_outside_the_folder_are_refused(source, blobs, tmp_path):
    from mainspring.digest import Artifact, canonical

    blob = blobs.put(b"evil")
    for name in ("../evil", "/tmp/evil", "a/../../evil"):
        manifest = canonical([(name, "f", blob, 4)])
        artifact = Artifact("model", "0" * 64, blobs.put(manifest), "folder/1", 4)
        with pytest.raises(StoreError, match=r"A folder artifact names '.*evil', which is outside of it"):
            load(artifact, blobs)


def test_missing_files_are_input_errors_and_leave_nothing(blobs, tmp_path):
    for value in (File(tmp_path / "gone.csv"), Folder(tmp_path / "gone")):
        with pytest.raises(InputError, match="does not exist"):
            save("result", value, blobs, pickle=False)
    assert list(blobs.blobs()) == []


def test_an_empty_file_is_a_result_like_any_other(blobs, tmp_path):
    (tmp_path / "_SUCCESS").touch()
    assert load(save("flag", File(tmp_path / "_SUCCESS"), blobs, pickle=False), blobs).read_bytes() == b""


def test_sweeping_keeps_what_is_referenced_and_what_is_young(source, blobs):
    folder = save("model", Folder(source), blobs, pickle=False)
    number = save("number", 3, blobs, pickle=False)
    left = save("left", 4, blobs, pickle=False)
    keep = with_parts([(folder.blob, folder.codec), (number.blob, number.codec), ("0" * 64, "folder/1")], blobs)
    assert sweep(blobs, keep, time.time() - 3600) == (0, 0)
    assert sweep(blobs, keep, time.time() + 3600, dry=True) == (1, left.size)
    assert sweep(blobs, keep, time.time() + 3600) == (1, left.size)
    assert not blobs.has(left.blob)
    assert load(number, blobs) == 3
    assert digest_folder(load(folder, blobs)) == folder.digest
    assert sweep(blobs, set(), time.time() + 3600).blobs == 4


def test_a_folder_that_cannot_be_written_to_is_an_error(source, blobs):
    artifact = save("weights", File(source / "weights.bin"), blobs, pickle=False)
    with pytest.raises((ReadOnlyError, StoreError), match=r"cannot be (written to|used)"):
        materialise(artifact, blobs, source / "copy.sh" / "below")
