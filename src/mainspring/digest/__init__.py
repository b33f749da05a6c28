"""Identity: digests of values, files and folders, and the canonical encoding that they rest on."""

from mainspring.digest.artifacts import Artifact
from mainspring.digest.classes import class_name, find_class, main_name
from mainspring.digest.decoding import restore
from mainspring.digest.encoding import canonical, digest_of, is_atom
from mainspring.digest.files import (
    Entry,
    File,
    Folder,
    blob_of_file,
    blob_of_stream,
    digest_file,
    digest_folder,
    digest_of_content,
    digest_of_entries,
    entries,
    unreadable,
)
from mainspring.digest.hashing import LARGE, Hasher, blob_of, tagged
from mainspring.digest.places import place_of

__all__ = [
    "LARGE",
    "Artifact",
    "Entry",
    "File",
    "Folder",
    "Hasher",
    "blob_of",
    "blob_of_file",
    "blob_of_stream",
    "canonical",
    "class_name",
    "digest_file",
    "digest_folder",
    "digest_of",
    "digest_of_content",
    "digest_of_entries",
    "entries",
    "find_class",
    "is_atom",
    "main_name",
    "place_of",
    "restore",
    "tagged",
    "unreadable",
]
