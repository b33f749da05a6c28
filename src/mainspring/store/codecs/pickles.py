"""Pickle: the last resort, for values without a codec, where the workspace allows it.

The digest is of the pickle's bytes, so values that are equal may differ, and a pickle runs code when it is loaded.
"""

import pickle
from typing import Any, Final

from mainspring.digest import tagged
from mainspring.store.blobs import Writer
from mainspring.store.codec import Raw, Source
from mainspring.store.codecs.unstorable import cannot_store

__all__ = ["PICKLE"]


def _encode(value: Any) -> tuple[str, Writer]:
    try:
        data = pickle.dumps(value, protocol=5)
    except Exception as error:
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        raise cannot_store(f"a {name}, not even as a pickle: {error}", "value", "Return its parts.") from error
    return tagged("pickle/1", data), lambda out: out.write(data)


def _decode(source: Source) -> object:
    return pickle.loads(source.view)  # noqa: S301 - the workspace allowed it, in its private store


PICKLE: Final = Raw("pickle/1", _encode, _decode, lambda value: f"pickled {type(value).__qualname__}")
