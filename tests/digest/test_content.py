import os
import subprocess

import pytest

from mainspring.digest import File, Folder, blob_of, blob_of_file, digest_file, digest_folder, entries
from mainspring.errors import InputError


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "data"
    (root / "sub" / "empty").mkdir(parents=True)
    (root / "a.csv").write_text("x\n1\n")
    (root / "sub" / "run.sh").write_text("echo")
    (root / "sub" / "run.sh").chmod(0o755)
    (root / "zero").touch()
    return root


def test_a_file_is_its_base_name_and_its_bytes(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.csv").write_bytes(b"x" * 3_000_000)
    (tmp_path / "one" / "b.csv").write_bytes(b"x" * 3_000_000)
    digest = digest_file(tmp_path / "one" / "a.csv")
    assert digest == digest_file(str(tmp_path / "two" / "a.csv")) == digest_file(File(tmp_path / "one" / "a.csv"))
    assert digest != digest_file(tmp_path / "one" / "b.csv")
    assert blob_of_file(tmp_path / "one" / "a.csv") == blob_of(b"x" * 3_000_000)


def test_a_folder_is_all_that_is_in_it(folder, tmp_path):
    found = [(entry.name, entry.kind) for entry in entries(folder)]
    assert found == [("a.csv", "f"), ("sub/empty", "d"), ("sub/run.sh", "x"), ("zero", "f")]
    assert list(Folder(folder)) == ["a.csv", "sub/run.sh", "zero"]
    digests = [digest_folder(folder)]
    folder.rename(tmp_path / "moved")
    folder = tmp_path / "moved"
    assert digest_folder(folder) == digests[0]
    changes = [
        lambda: (folder / "a.csv").write_text("x\n2\n"),
        lambda: (folder / "a.csv").chmod(0o755),
        lambda: (folder / "a.csv").rename(folder / "b.csv"),
        lambda: (folder / "sub" / "empty").rmdir(),
        lambda: (folder / "zero").unlink(),
        lambda: (folder / "sub").rename(folder / "under"),
    ]
    for change in changes:
        change()
        digests.append(digest_folder(folder))
    assert len(set(digests)) == len(changes) + 1


def test_a_folder_takes_the_digests_of_its_files_from_whoever_knows_them(folder):
    asked = []

    def digest(path):
        asked.append(path.name)
        return digest_file(path, allow_empty=True)

    assert digest_folder(folder, digest) == digest_folder(folder)
    assert asked == ["a.csv", "run.sh", "zero"]


def test_links_are_followed(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.csv").write_text("b")
    before = digest_folder(folder)
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "file.csv").symlink_to(tmp_path / "elsewhere" / "b.csv")
    assert [entry.name for entry in entries(folder)][1:3] == ["file.csv", "linked/b.csv"]
    linked = digest_folder(folder)
    (tmp_path / "elsewhere" / "b.csv").write_text("c")
    assert len({before, linked, digest_folder(folder)}) == 3


def test_names_that_are_no_text_count(tmp_path):
    for number, name in enumerate((b"\xff", b"\xfe")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / os.fsdecode(name)).write_text("a")
    assert digest_folder(tmp_path / "0") != digest_folder(tmp_path / "1")


def make_pipe(path):
    os.mkfifo(path)


BAD_FILES = {
    "missing": (
        lambda path: path.with_name("sales.cvs").touch(),
        r"File '.*sales.csv' does not exist. Did you mean 'sales.cvs'\?",
    ),
    "missing with its folder": (lambda path: None, "File '.*sales.csv' does not exist. Check the path in config.toml."),
    "empty": (lambda path: path.touch(), "File '.*sales.csv' is empty. Check what writes it"),
    "a folder": (lambda path: path.mkdir(), "'.*sales.csv' is (a directory, not a file|no regular file)"),
    "a pipe": (make_pipe, "'.*sales.csv' is no regular file. Name a file."),
    "a link to itself": (lambda path: path.symlink_to(path), "File '.*sales.csv' cannot be read: Too many levels"),
    "below a file": (lambda path: None, "does not exist|is a file, not a directory"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_an_input_error(case, tmp_path):
    make, message = BAD_FILES[case]
    path = tmp_path / "sales.csv"
    make(path)
    if case == "below a file":
        (tmp_path / "file").touch()
        path = tmp_path / "file" / "sales.csv"
    with pytest.raises(InputError, match=message):
        digest_file(path)


BAD_FOLDERS = {
    "missing": (lambda path: None, "Folder '.*data' does not exist"),
    "empty": (lambda path: path.mkdir(), "Folder '.*data' is empty"),
    "a file": (lambda path: path.touch(), "'.*data' is a file, not a directory. Declare it as a File."),
    "with a pipe": (lambda path: (path.mkdir(), os.mkfifo(path / "p")), "'.*data/p' is no regular file. Remove it"),
    "with a broken link": (
        lambda path: (path.mkdir(), (path / "l").symlink_to("gone")),
        "File '.*data/l' does not exist",
    ),
    "in a circle": (
        lambda path: (path.mkdir(), (path / "l").symlink_to(".")),
        "Folder '.*data/l' links to a folder that it is in",
    ),
}


@pytest.mark.parametrize("case", BAD_FOLDERS)
def test_a_bad_folder_is_an_input_error(case, tmp_path):
    make, message = BAD_FOLDERS[case]
    make(tmp_path / "data")
    with pytest.raises(InputError, match=message):
        digest_folder(tmp_path / "data")


def test_a_file_that_nobody_may_read_is_an_input_error(tmp_path):
    (tmp_path / "sales.csv").write_text("x")
    (tmp_path / "sales.csv").chmod(0)
    script = (
        "import os, sys\nfrom mainspring.digest import digest_file\nfrom mainspring.errors import InputError\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "try: digest_file(sys.argv[1])\nexcept InputError as error: print(error)"
    )
    for path in (tmp_path, *tmp_path.parents[:-2]):
        path.chmod(path.stat().st_mode | 0o755)
    done = subprocess.run(
        [os.sys.executable, "-c", script, tmp_path / "sales.csv"], capture_output=True, text=True, check=True
    )
    assert "sales.csv' cannot be read: Permission denied. Check its permissions." in done.stdout


def test_a_file_that_changes_while_it_is_read_is_an_input_error(tmp_path, monkeypatch):
    path = tmp_path / "growing.csv"
    path.write_bytes(b"x" * 5_000_000)
    writer = subprocess.Popen(["sh", "-c", f"while true; do echo x >> {path}; done"])
    try:
        with pytest.raises(InputError, match=r"growing.csv' changed while it was read. Run again when nothing writes"):
            list(map(digest_file, [path] * 1000))
    finally:
        writer.kill()
        writer.wait()


def test_a_file_opens_reads_and_shows_itself(folder):
    file = File(folder / "a.csv")
    assert (str(file), os.fspath(file), file.path.name) == (str(folder / "a.csv"), str(folder / "a.csv"), "a.csv")
    assert (file.read_text(), file.read_bytes()) == ("x\n1\n", b"x\n1\n")
    with file.open() as text, file.open("rb") as data:
        assert (text.read(), data.read()) == ("x\n1\n", b"x\n1\n")
    assert file == File(str(folder / "a.csv"))
    assert (Folder(folder) / "a.csv").read_text() == "x\n1\n"
    assert os.fspath(Folder(folder)) == str(Folder(folder)) == str(folder)
