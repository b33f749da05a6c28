"""Values and files by digest: blob stores, codecs, artifacts."""

from mainspring.store.blobs import BlobStore, Writer
from mainspring.store.codec import Codec, Raw, Source, Structural
from mainspring.store.local import LocalStore
from mainspring.store.sweep import Swept, sweep
from mainspring.store.trees import materialise, with_parts
from mainspring.store.values import digest_value, load, save, split

__all__ = [
    "BlobStore",
    "Codec",
    "LocalStore",
    "Raw",
    "Source",
    "Structural",
    "Swept",
    "Writer",
    "digest_value",
    "load",
    "materialise",
    "save",
    "split",
    "sweep",
    "with_parts",
]
