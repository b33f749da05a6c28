"""Tables read from sources, whatever their format; a file that cannot be read says what is wrong with it."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import polars as pl

from mainspring.data.faults import COMPRESSED, check_header, check_text, unreadable_table
from mainspring.data.fetching import fetch, table_of, verified
from mainspring.data.frames import no_column
from mainspring.data.sources import Source, source_of
from mainspring.digest import unreadable
from mainspring.errors import InputError, nearest

__all__ = ["read", "scan"]

_ENDINGS: Final = {
    ".arrow": "arrow",
    ".csv": "csv",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".tsv": "tsv",
}
_CSV: Final = {"infer_schema_length": None, "try_parse_dates": True}


def read(
    source: str | os.PathLike[str] | Source,
    *,
    columns: Sequence[str] | None = None,
    types: Mapping[str, Any] | None = None,
    encoding: str = "utf-8",
    format: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> pl.DataFrame:
    """Return the table of a source.

    Types of CSV columns are told by all of the file, not by its first rows; dates are recognised. Several files of one
    glob are put one below the other, in the order of their paths; they have the same columns, in any order.

    Args:
        source: Where the data are: a URI, a path, or a `Source`.
        columns: The columns to read; by default all.
        types: Types of columns of text formats, where they shall not be guessed.
        encoding: Of CSV.
        format: `csv`, `tsv`, `parquet`, `arrow` or `jsonl`, where the ending does not say it.
        options: More, as Polars' reader of that format takes it: `{"separator": ";"}`.

    Raises:
        InputError: It is missing, damaged, of another format or encoding, without a column, or not what is pinned.
        SourceDownError: It could not be reached, however often it was tried.

    >>> read("sales.csv", types={"store": pl.String})  # doctest: +SKIP
    """
    given = source_of(source)
    if given.kind in ("sql", "synthetic"):
        table = table_of(given)
        return table if columns is None else _chosen(table, columns, given.uri)
    asked = _Asked(columns, types, encoding, format, options)
    if given.is_local:
        return _joined(given, asked)
    with TemporaryDirectory() as folder:
        path = fetch(given, folder)
        return asked.table(path, given.uri)


def scan(
    source: str | os.PathLike[str] | Source,
    *,
    types: Mapping[str, Any] | None = None,
    format: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> pl.LazyFrame:
    """Return the table of local files as a lazy frame, of which only what is used is read.

    Raises:
        InputError: A file is missing, its format is unknown, or the source is not local: `fetch` it first. What is
            wrong inside a file is told by Polars, when it is read.
    """
    given = source_of(source)
    if not given.is_local:
        raise InputError(
            "Only local files can be read lazily",
            f"source '{given.uri}'",
            "scan(fetch(source, folder)), or read(source).",
        )
    paths = [_present(given, file.path) for file in given.files]
    kind = _format(paths[0], format)
    scanners: dict[str, Callable[..., pl.LazyFrame]] = {
        "csv": pl.scan_csv,
        "tsv": pl.scan_csv,
        "parquet": pl.scan_parquet,
        "arrow": pl.scan_ipc,
        "jsonl": pl.scan_ndjson,
    }
    return scanners[kind](paths, **_options(kind, types, options))


@dataclass(frozen=True, slots=True)
class _Asked:
    """How a table is to be read."""

    columns: Sequence[str] | None
    types: Mapping[str, Any] | None
    encoding: str
    format: str | None
    options: Mapping[str, Any] | None

    def table(self, path: Path, shown: str) -> pl.DataFrame:
        """Return the table of one file."""
        kind = _format(path, self.format)
        options = _options(kind, self.types, self.options)
        try:
            found = self._read(kind, path, options)
        except (pl.exceptions.PolarsError, UnicodeError, OSError) as error:
            raise unreadable_table(path, kind, shown, error) from error
        check_header(found.columns, shown)
        return found if self.columns is None else _chosen(found, self.columns, shown)

    def _read(self, kind: str, path: Path, options: dict[str, Any]) -> pl.DataFrame:
        if kind in ("csv", "tsv"):
            plain = self.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
            if plain and path.suffix not in COMPRESSED:
                check_text(path)
            return pl.read_csv(path, encoding="utf8" if plain else self.encoding, **options)
        if kind == "jsonl":
            return pl.read_ndjson(path, **options)
        lazy = pl.scan_parquet(path, **options) if kind == "parquet" else pl.scan_ipc(path, **options)
        present = lazy.collect_schema().names()
        wanted = [name for name in self.columns or () if name in present]
        return (lazy.select(wanted) if wanted else lazy).collect()


def _joined(source: Source, asked: _Asked) -> pl.DataFrame:
    tables = {path: asked.table(path, str(path)) for path in [_present(source, file.path) for file in source.files]}
    (first, model), *others = tables.items()
    if not others:
        return model
    for path, table in others:
        _check_columns(source, (first, model.columns), (path, table.columns))
    kinds = {name: _common_type(source, name, tables) for name in model.columns}
    alike = [table.select(pl.col(name).cast(kind) for name, kind in kinds.items()) for table in tables.values()]
    return pl.concat(alike)


def _check_columns(source: Source, first: tuple[Path, list[str]], other: tuple[Path, list[str]]) -> None:
    """Make sure that two files have the same columns, in any order."""
    for (path, names), (against, wanted) in ((first, other), (other, first)):
        for name in wanted:
            if name not in names:
                what, fix = no_column(name, tuple(names))
                raise InputError(
                    f"{what} in '{path.name}', and there is one in '{against.name}'", f"source '{source.uri}'", fix
                )


def _common_type(source: Source, name: str, tables: Mapping[Path, pl.DataFrame]) -> pl.DataType:
    """Return the type of a column in all files; a file in which it is null throughout does not count."""
    kinds = {table[name].dtype: path for path, table in tables.items() if table[name].null_count() < table.height}
    if not kinds:
        return next(iter(tables.values()))[name].dtype
    found = list(kinds)
    if len(found) == 1 or all(kind.is_numeric() for kind in found):
        return pl.concat([pl.Series(name, [], kind).to_frame() for kind in found], how="vertical_relaxed")[name].dtype
    told = " and ".join(f"{kind} in '{kinds[kind].name}'" for kind in found[:2])
    fix = f"In text, name its type: types={{'{name}': …}}; else write it alike."
    raise InputError(f"Column '{name}' is {told}", f"source '{source.uri}'", fix)


def _present(source: Source, path: Path) -> Path:
    if path.is_dir():
        raise InputError(f"'{path}' is a folder", f"source '{source.uri}'", f"Name its files: {source.uri}/*.parquet.")
    try:
        if not path.stat().st_size:
            raise InputError(f"File '{path}' is empty", f"source '{source.uri}'", "Check what writes it.")
    except OSError as error:
        raise unreadable(path, error, "File") from error
    return verified(source, path)


def _chosen(table: pl.DataFrame, columns: Sequence[str], shown: str) -> pl.DataFrame:
    for name in columns:
        if name not in table.columns:
            what, fix = no_column(name, tuple(table.columns))
            raise InputError(what, f"source '{shown}'", fix)
    return table.select(columns)


def _format(path: Path, asked: str | None) -> str:
    known = sorted(set(_ENDINGS.values()))
    if asked is not None:
        if asked in known:
            return asked
        near = nearest(asked, known)
        raise InputError(
            f"There is no format '{asked}'",
            None,
            f"Did you mean '{near}'?" if near else f"Known are {', '.join(known)}.",
        )
    suffixes = [ending.lower() for ending in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    kind = _ENDINGS.get(suffixes[-1]) if suffixes else None
    if kind is None:
        raise InputError(
            f"The ending of '{path.name}' tells no format", None, f"Say it: format='csv'. Known are {', '.join(known)}."
        )
    return kind


def _options(kind: str, types: Mapping[str, Any] | None, more: Mapping[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if kind in ("csv", "tsv"):
        found = {**_CSV, **({"separator": "\t"} if kind == "tsv" else {})}
    if kind in ("csv", "tsv", "jsonl") and types:
        found["schema_overrides"] = dict(types)
    elif types:
        raise InputError(f"A {kind} file has types of its own", None, "Cast after reading: .cast({…}).")
    if kind == "jsonl":
        found["infer_schema_length"] = None
    return {**found, **(more or {})}
