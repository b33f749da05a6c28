"""Which codec a type has. Codecs load when a value of their type, or bytes of their format, are met."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from mainspring.errors import NewerFormatError, StoreError, nearest
from mainspring.store.codec import Codec, Raw, Structural

__all__ = ["codec_for", "codec_named"]

_PLACE: Final = "mainspring.store.codecs."

# Exactly these types: a subclass holds more than its base's codec would keep.
_TYPES: Final = {
    "mainspring.store.codecs.asides.Aside": "asides:ASIDE",
    "mainspring.store.codecs.files.Content": "files:CONTENT",
    "mainspring.digest.files.File": "files:TREE",
    "mainspring.digest.files.Folder": "files:TREE",
    "mainspring.package.value.Package": "packages:PACKAGE",
    "mainspring.store.codecs.figures.Picture": "figures:FIGURE",
    "matplotlib.figure.Figure": "figures:FIGURE",
    "numpy.ndarray": "numpy:choose",
    "numpy.memmap": "numpy:choose",
    "numpy.ma.MaskedArray": "numpy:MASKED",
    "pandas.DataFrame": "pandas:FRAME",
    "pandas.Series": "pandas:SERIES",
    "polars.dataframe.frame.DataFrame": "polars:FRAME",
    "polars.series.series.Series": "polars:SERIES",
    "polars.lazyframe.frame.LazyFrame": "polars:refuse_lazy",
    "pyarrow.lib.Table": "arrow:TABLE",
    "pyarrow.lib.RecordBatch": "arrow:BATCH",
    "lightgbm.basic.Booster": "boosters:LIGHTGBM",
    "xgboost.core.Booster": "boosters:XGBOOST",
    "torch.Tensor": "torch:TENSOR",
    "torch.nn.parameter.Parameter": "torch:PARAMETER",
    "torch.dtype": "torch:DTYPE",
} | {
    f"scipy.sparse._{form}.{form}_{kind}": "scipy:SPARSE"
    for form in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
    for kind in ("matrix", "array")
}

# These types and whatever derives from them.
_FAMILIES: Final = {
    "altair.vegalite.v6.api.TopLevelMixin": "charts:ALTAIR",
    "numpy.dtype": "numpy:DTYPE",
    "numpy.generic": "numpy:SCALAR",
    "pandas.Index": "pandas:INDEX",
    "pandas.Timestamp": "pandas:SCALAR",
    "pandas.Timedelta": "pandas:SCALAR",
    "pandas.Period": "pandas:SCALAR",
    "pandas.Interval": "pandas:SCALAR",
    "pandas.api.typing.NaTType": "pandas:SCALAR",
    "pandas.api.typing.NAType": "pandas:SCALAR",
    "pandas.api.extensions.ExtensionArray": "pandas:ARRAY",
    "pandas.api.extensions.ExtensionDtype": "pandas:DTYPE",
    "pyarrow.lib.Array": "arrow:ARRAY",
    "pyarrow.lib.ChunkedArray": "arrow:ARRAY",
}

_FORMATS: Final = {
    "altair/1": "charts:ALTAIR",
    "arrow-array/1": "arrow:ARRAY",
    "arrow-batch/1": "arrow:BATCH",
    "arrow-table/1": "arrow:TABLE",
    "aside/1": "asides:ASIDE",
    "content/1": "files:CONTENT",
    "figure/1": "figures:FIGURE",
    "lightgbm/1": "boosters:LIGHTGBM",
    "numpy-array/1": "numpy:ARRAY",
    "numpy-dtype/1": "numpy:DTYPE",
    "numpy-masked/1": "numpy:MASKED",
    "numpy-objects/1": "numpy:OBJECTS",
    "numpy-scalar/1": "numpy:SCALAR",
    "object/1": "objects:OBJECT",
    "package/1": "packages:PACKAGE",
    "pandas-array/1": "pandas:ARRAY",
    "pandas-dtype/1": "pandas:DTYPE",
    "pandas-frame/1": "pandas:FRAME",
    "pandas-index/1": "pandas:INDEX",
    "pandas-scalar/1": "pandas:SCALAR",
    "pandas-series/1": "pandas:SERIES",
    "pickle/1": "pickles:PICKLE",
    "polars-frame/1": "polars:FRAME",
    "polars-series/1": "polars:SERIES",
    "scipy-sparse/1": "scipy:SPARSE",
    "torch-dtype/1": "torch:DTYPE",
    "torch-parameter/1": "torch:PARAMETER",
    "torch-tensor/1": "torch:TENSOR",
    "tree/1": "files:TREE",
    "xgboost/1": "boosters:XGBOOST",
}

_found: Final[dict[type, Codec | Callable[[Any], Codec] | None]] = {}


def codec_for(value: object) -> Codec | None:
    """Return the codec that is registered for the type of a value, or None.

    Raises:
        UnstorableError: Values of this type are refused on purpose.
    """
    cls = type(value)
    try:
        codec = _found[cls]
    except KeyError:
        codec = _found[cls] = _search(cls)
    return codec if codec is None or isinstance(codec, Raw | Structural) else codec(value)


def codec_named(name: str) -> Codec:
    """Return the codec that reads a format.

    Raises:
        NewerFormatError: This release does not know it.
    """
    target = _FORMATS.get(name)
    if target is None:
        known = nearest(name, _FORMATS)
        raise NewerFormatError(
            f"A value is stored in the format '{name}', which this release cannot read",
            fix=f"Use the release that wrote it, or run the step again; the nearest known format is '{known}'."
            if known
            else "Use the release that wrote it, or run the step again.",
        )
    codec: Codec = _loaded(target)
    return codec


def _search(cls: type) -> Codec | Callable[[Any], Codec] | None:
    target = _TYPES.get(f"{cls.__module__}.{cls.__qualname__}")
    for base in cls.__mro__ if target is None else ():
        target = _FAMILIES.get(f"{base.__module__}.{base.__qualname__}")
        if target is not None:
            break
    return None if target is None else _loaded(target)


def _loaded(target: str) -> Any:
    module, _, attribute = target.partition(":")
    name = _PLACE + module
    try:
        return getattr(sys.modules.get(name) or import_module(name), attribute)
    except ModuleNotFoundError as error:
        raise StoreError(
            f"A value of {module} cannot be read or stored: there is no module '{error.name}'",
            fix=f"Install {error.name}, or run where it is installed.",
        ) from error
