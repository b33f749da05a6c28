"""What stands for a value that has been stored."""

from msgspec import Struct

__all__ = ["Artifact"]


class Artifact(Struct, frozen=True):
    """A value that a step returned, kept by digest.

    Attributes:
        name: What the step calls it: `result`, or the field of a NamedTuple.
        digest: The identity of the logical value, for cache keys and comparison.
        blob: The BLAKE3 of the stored bytes, for finding and verifying them.
        codec: The name and version of the format of those bytes, such as `pandas-frame/1`.
        size: The stored bytes, all files of a folder included.
        summary: One line for a person, such as `1,797 rows x 65 columns`.
    """

    name: str
    digest: str
    blob: str
    codec: str
    size: int
    summary: str = ""
