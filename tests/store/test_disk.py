"""Files that are whole or not there."""

import os

import pytest

from mainspring.disk import write_whole


def test_a_file_is_replaced_whole_or_left_as_it_was(tmp_path, monkeypatch):
    file = tmp_path / "folder" / "file"
    write_whole(file, b"before")
    assert file.read_bytes() == b"before"

    def refuse(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        write_whole(file, b"after")
    assert file.read_bytes() == b"before"
    assert list(file.parent.iterdir()) == [file]


def test_what_is_private_is_only_its_owners(tmp_path):
    write_whole(tmp_path / "open", b"")
    write_whole(tmp_path / "private", b"", private=True)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("open", "private")]
    umask = os.umask(0)
    os.umask(umask)
    assert modes == [0o666 & ~umask, 0o600]
