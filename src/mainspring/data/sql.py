"""Tables by SQL, through SQLAlchemy; loaded only for a `sql:` source."""

from contextlib import suppress
from pathlib import Path

import polars as pl
from sqlalchemy import Connection, Engine, NullPool, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from mainspring.data.sources import Source
from mainspring.data.unreachable import UnreachableError
from mainspring.errors import InputError

__all__ = ["table_of"]


def table_of(source: Source, uri: str) -> pl.DataFrame:
    """Return the rows of a query; the database is only read as far as the query says.

    Args:
        source: The source, for messages.
        uri: Its URI with the secrets in it.

    Raises:
        InputError: The address or the query is refused.
        UnreachableError: The database cannot be reached.
    """
    address, _, query = uri.removeprefix("sql:").partition("!")
    engine = _engine(address, source)
    try:
        with _connected(engine) as connection:
            return _rows(connection, query, source)
    finally:
        engine.dispose()


def _engine(address: str, source: Source) -> Engine:
    try:
        url, options = make_url(address), {}
        if url.drivername in ("postgresql", "postgres"):
            url = url.set(drivername="postgresql+psycopg")
            options = {"connect_timeout": max(1, round(source.timeout))}
        if source.files:
            url = url.set(database=str(_present(source.files[0].path, source)))
        return create_engine(url, poolclass=NullPool, connect_args=options)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise InputError(
            f"SQLAlchemy cannot open the address: {_first_line(error)}", f"source '{source.uri}'", "Check the address."
        ) from error


def _present(path: Path, source: Source) -> Path:
    """SQLite would make a file that is missing."""
    if not path.is_file():
        raise InputError(f"There is no file '{path}'", f"source '{source.uri}'", "Check the address.")
    return path


def _connected(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except SQLAlchemyError as error:
        raise UnreachableError(_first_line(error)) from error


def _rows(connection: Connection, query: str, source: Source) -> pl.DataFrame:
    try:
        return pl.read_database(query, connection, infer_schema_length=None)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise UnreachableError(_first_line(error)) from error
        raise _refused(error, source) from error
    except (SQLAlchemyError, pl.exceptions.PolarsError) as error:
        raise _refused(error, source) from error
    except AttributeError as error:  # Polars asks for the columns of an answer that has none
        raise InputError("The query gives no table", f"source '{source.uri}'", "Write one that selects.") from error
    finally:
        with suppress(SQLAlchemyError):
            connection.rollback()


def _refused(error: Exception, source: Source) -> InputError:
    return InputError(f"The query is refused: {_first_line(error)}", f"source '{source.uri}'", "Change the query.")


def _first_line(error: Exception) -> str:
    original = getattr(error, "orig", None) or error
    return (str(original).strip() or type(original).__name__).splitlines()[0]
