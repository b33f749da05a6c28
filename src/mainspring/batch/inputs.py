"""The tables of a batch: which files, in which order, and their rows in parts that are the same every time."""

from collections.abc import Iterator
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path
from typing import Any, Final, NamedTuple

from mainspring.batch.polars import polars
from mainspring.errors import BatchError, InputError, nearest
from mainspring.package.fields import Field, Signature

__all__ = ["KINDS", "Part", "Source", "kind_of", "parts", "rows_of", "sources", "typed"]

KINDS: Final = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".feather": "arrow",
}
_TRUE: Final = ("true", "1")
_FALSE: Final = ("false", "0")


@dataclass(frozen=True, slots=True)
class Source:
    """One input file, and what tells that it is still the same.

    Attributes:
        path: Where it is.
        kind: `parquet`, `csv` or `arrow`.
        size: Its bytes.
        changed: When it was last written, in nanoseconds since 1970.
    """

    path: str
    kind: str
    size: int
    changed: int


class Part(NamedTuple):
    """Some consecutive rows of one file.

    Attributes:
        number: Its place among all parts; parts are numbered in the order of files and rows.
        file: The number of the file.
        start: The number of its first row in the file.
        frame: Its rows.
        last: Whether the file ends with it.
    """

    number: int
    file: int
    start: int
    frame: Any
    last: bool


def kind_of(path: Path) -> str | None:
    """Return what a file holds, by its name; None where that cannot be told."""
    return KINDS.get(path.suffix.lower())


def sources(given: str) -> tuple[Source, ...]:
    """Return the files of a file, a folder or a glob, in the order of their paths.

    Raises:
        InputError: There are none, or one cannot be read.
    """
    path = Path(given)
    if path.is_dir():
        found = [one for one in path.rglob("*") if kind_of(one) and one.is_file() and not _is_hidden(one, path)]
    elif path.exists():
        found = [path]
    elif has_magic(given):
        first = next(place for place, name in enumerate(path.parts) if has_magic(name))
        root, pattern = Path(*path.parts[:first]), Path(*path.parts[first:])
        found = [one for one in root.glob(str(pattern)) if one.is_file()]
    else:
        raise _missing(path)
    if not found:
        raise InputError(f"'{given}' holds no table", fix=f"Name files that end in {', '.join(KINDS)}.")
    return tuple(_source(one) for one in sorted(found))


def rows_of(source: Source) -> int | None:
    """Return how many rows a file has, where that is known without reading it."""
    if source.kind == "csv":
        return None
    pl = polars()
    with _Reading(source):
        return int(_scan(pl, source, ()).select(pl.len()).collect().item())


def parts(given: tuple[Source, ...], fields: Signature, keep: tuple[str, ...], size: int, done: int) -> Iterator[Part]:
    """Yield the parts of all files in order, but those that were done before.

    A part is `size` rows of one file; the last one of a file may be shorter, and a file without rows is one empty part.

    Args:
        given: The files.
        fields: What is read: its fields, and, unless it drops them, all other columns as well.
        keep: Further columns that are read.
        size: Rows of a part.
        done: How many parts are left out at the beginning. Files of the first parts must say how many rows they have,
            or are read again.
    """
    pl = polars()
    number = 0
    for place, source in enumerate(given):
        known = rows_of(source) if done > number else None
        count = None if known is None else max(1, -(-known // size))
        if count is not None and done - number >= count:
            number += count
            continue
        skipped = max(0, done - number)
        with _Reading(source):
            for start, frame, last in _pieces(pl, source, _columns(pl, source, fields, keep), size, skipped * size):
                if frame is not None:
                    yield Part(number + start // size, place, start, frame, last)
                final = start // size
        number += final + 1


def _pieces(
    pl: Any, source: Source, columns: tuple[str, ...], size: int, skipped: int
) -> Iterator[tuple[int, Any, bool]]:
    """Frames of exactly `size` rows, but for the last. After a skipped beginning there may be no row left."""
    rows = _scan(pl, source, columns).select(columns)
    held: list[Any] = []
    have, start = 0, skipped
    for batch in rows.slice(skipped).collect_batches(chunk_size=size, maintain_order=True):
        held.append(batch)
        have += batch.height
        while have > size:  # one row more than a part: so that it is known which part is the last
            whole = pl.concat(held) if len(held) > 1 else held[0]
            yield start, whole[:size].rechunk(), False
            held, have, start = [whole[size:]], have - size, start + size
    whole = pl.concat(held) if held else rows.head(0).collect()
    if whole.height or skipped == 0:
        yield start, whole.rechunk(), True
    else:
        yield start - size, None, True


def _scan(pl: Any, source: Source, columns: tuple[str, ...]) -> Any:
    if source.kind == "parquet":
        return pl.scan_parquet(source.path, glob=False)
    if source.kind == "arrow":
        return pl.scan_ipc(source.path, glob=False)
    separator = "\t" if source.path.lower().endswith(".tsv") else ","
    # Every column as text: a value that is no number is then one row's fault, and not the file's.
    return pl.scan_csv(source.path, glob=False, infer_schema=False, separator=separator, low_memory=bool(columns))


def _columns(pl: Any, source: Source, signature: Signature, keep: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that are read: what nobody asked for is left on the disk, unless it is to be refused."""
    names = _scan(pl, source, ()).collect_schema().names()
    for name in keep:
        if name not in names:
            near = nearest(name, names)
            raise BatchError(
                f"There is no column '{name}' to keep",
                source.path,
                f"Did you mean '{near}'?" if near else f"It has {', '.join(names)}.",
            )
    if signature.policy.extra != "drop":
        return tuple(names)
    wanted = {*signature.names, *keep}
    return tuple(name for name in names if name in wanted)


def typed(frame: Any, source: Source, signature: Signature) -> dict[str, Any]:
    """Return the columns of a part as validation takes them: of a text file, texts become what their field says.

    A text that cannot be is left as it is among the others, so that validation refuses that row and says why.
    """
    columns = {name: frame[name] for name in frame.columns}
    if source.kind == "csv":
        for field in signature.fields:
            if field.name in columns and field.type != "string":
                columns[field.name] = _parsed(polars(), columns[field.name], field)
    return columns


def _parsed(pl: Any, texts: Any, field: Field) -> Any:
    values = _cast(pl, texts, field)
    odd = values.is_null() & texts.is_not_null()
    if not odd.any():
        return values
    listed = values.to_list()
    for row, text in zip(odd.arg_true().to_list(), texts.filter(odd).to_list(), strict=True):
        listed[row] = text
    return listed


def _cast(pl: Any, texts: Any, field: Field) -> Any:
    if field.type == "bool":
        lower = texts.str.to_lowercase()
        chosen = pl.when(lower.is_in(_TRUE)).then(True).when(lower.is_in(_FALSE)).then(False)
        return pl.select(chosen).to_series()
    if field.type == "date":
        return texts.str.to_date("%Y-%m-%d", strict=False)
    if field.type == "datetime":
        return texts.str.replace("T", " ", literal=True).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False)
    kinds = {"int32": pl.Int32, "int64": pl.Int64, "float32": pl.Float32, "float64": pl.Float64}
    return texts.str.strip_chars().cast(kinds[field.type], strict=False)


class _Reading:
    """What Polars says while a file is read becomes an error of ours that names the file."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        exceptions = polars().exceptions
        if isinstance(error, OSError | exceptions.PolarsError):
            said = " ".join(str(error).split())[:300]
            raise InputError(
                f"A table cannot be read: {said}", self._source.path, "Is it whole, and what its name says?"
            ) from error


def _source(path: Path) -> Source:
    kind = kind_of(path)
    if kind is None:
        raise InputError(f"'{path}' has no known kind of table", fix=f"Name files that end in {', '.join(KINDS)}.")
    try:
        found = path.stat()
    except OSError as error:
        raise InputError(f"'{path}' cannot be read: {error.strerror}") from error
    return Source(str(path.absolute()), kind, found.st_size, found.st_mtime_ns)


def _missing(path: Path) -> InputError:
    near = nearest(path.name, [one.name for one in path.parent.iterdir()]) if path.parent.is_dir() else None
    return InputError(
        f"There is no input '{path}'",
        fix=f"Did you mean '{path.parent / near}'?" if near else "Name a file, a folder or a glob.",
    )


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(root).parts)
