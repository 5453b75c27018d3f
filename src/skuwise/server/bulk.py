"""Many rows at once between Polars frames and the database: a frame in, a frame out, never a query a row.

SQLite takes prepared statements, PostgreSQL takes ``COPY``. Column names of frame and table are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import polars as pl
from django.db import connection, models

#: Rows per step: enough to be fast, few enough to tell of progress and to be stopped.
CHUNK_ROWS = 50_000

Progress = Callable[[int, int], None]


def insert(model: type[models.Model], frame: pl.DataFrame, progress: Progress | None = None) -> int:
    """Add the rows of the frame; returns how many. A key that is taken raises ``IntegrityError``."""
    return _write(model, frame, (), (), progress)


def upsert(
    model: type[models.Model],
    frame: pl.DataFrame,
    key: Sequence[str],
    progress: Progress | None = None,
    *,
    update: Sequence[str] | None = None,
) -> int:
    """Add the rows, or set the ``update`` columns (all but the key) where the key is there; returns how many rows.

    The key must be that of a unique index, and no two rows of the frame may share it.
    """
    changed = [name for name in frame.columns if name not in key] if update is None else list(update)
    return _write(model, frame, key, changed, progress)


def delete(model: type[models.Model], keys: pl.DataFrame) -> int:
    """Take out the rows whose key stands in ``keys``; returns how many keys were given."""
    if keys.height:
        quote = connection.ops.quote_name
        named = " AND ".join(
            f"{quote(name)} = {'%s' if connection.vendor == 'postgresql' else '?'}" for name in keys.columns
        )
        statement = f"DELETE FROM {table_of(model)} WHERE {named}"
        connection.ensure_connection()
        rows = (keys if connection.vendor == "postgresql" else _as_sqlite(keys)).iter_rows()
        cursor = connection.connection.cursor()
        with connection.wrap_database_errors:
            cursor.executemany(statement, rows)
        cursor.close()
    return keys.height


def read(sql: str, parameters: Sequence[Any] = (), schema: dict[str, Any] | None = None) -> pl.DataFrame:
    """The rows of a query as a frame; columns that ``schema`` names come as its types.

    A date that SQLite gives as text (``date || ''`` is read twice as fast as ``date``) must never be null.
    """
    frames = [_typed(rows, names, schema or {}) for names, rows in _chunks(sql, parameters)]
    return pl.concat(frames) if len(frames) > 1 else frames[0]


def matching(
    model: type[models.Model], keys: pl.DataFrame, columns: Sequence[str], schema: dict[str, Any]
) -> pl.DataFrame:
    """The rows of the model whose key stands in ``keys`` (its columns are the key), with the ``columns`` named.

    Inside a transaction: the keys lie in a temporary table meanwhile.
    """
    quote = connection.ops.quote_name
    table, key = table_of(model), [quote(name) for name in keys.columns]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE wanted AS SELECT {', '.join(key)} FROM {table} WHERE 1 = 0")
        try:
            for chunk in keys.iter_slices(CHUNK_ROWS):
                with connection.wrap_database_errors:
                    _fill("wanted", ", ".join(key), chunk)
            return read(
                f"SELECT {', '.join(f't.{quote(name)}' for name in columns)} FROM wanted JOIN {table} AS t ON "
                + " AND ".join(f"t.{name} = wanted.{name}" for name in key),
                schema=schema,
            )
        finally:
            cursor.execute("DROP TABLE wanted")


@contextmanager
def one_glance() -> Iterator[None]:
    """All that is read inside is of one moment, and those who write meanwhile do not wait."""
    if connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    # Django's own transactions on SQLite take the lock of the writer.
    begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if connection.vendor == "postgresql" else "BEGIN DEFERRED"
    with connection.cursor() as cursor:
        cursor.execute(begin)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")


def table_of(model: type[models.Model]) -> str:
    """The quoted name of a model's table."""
    return str(connection.ops.quote_name(model._meta.db_table))


def _write(
    model: type[models.Model], frame: pl.DataFrame, key: Sequence[str], update: Sequence[str], progress: Progress | None
) -> int:
    if frame.is_empty():
        return 0
    postgresql = connection.vendor == "postgresql"
    quoted = ", ".join(connection.ops.quote_name(name) for name in frame.columns)
    done = 0
    for chunk in frame.iter_slices(CHUNK_ROWS):
        with connection.wrap_database_errors:
            (_copied if postgresql else _executed)(table_of(model), quoted, chunk, key, update)
        done += chunk.height
        if progress is not None:
            progress(done, frame.height)
    return done


def _on_conflict(key: Sequence[str], update: Sequence[str]) -> str:
    if not key:
        return ""
    quote = connection.ops.quote_name
    target = ", ".join(quote(name) for name in key)
    if not update:
        return f" ON CONFLICT ({target}) DO NOTHING"
    return f" ON CONFLICT ({target}) DO UPDATE SET " + ", ".join(f"{quote(c)} = excluded.{quote(c)}" for c in update)


def _executed(table: str, quoted: str, chunk: pl.DataFrame, key: Sequence[str], update: Sequence[str]) -> None:
    marks = ", ".join(["?"] * chunk.width)
    statement = f"INSERT INTO {table} ({quoted}) VALUES ({marks}){_on_conflict(key, update)}"
    connection.ensure_connection()
    # The driver's own call: Django's would build each row's parameters anew.
    connection.connection.executemany(statement, _as_sqlite(chunk).iter_rows())


def _fill(table: str, quoted: str, chunk: pl.DataFrame) -> None:
    if connection.vendor == "postgresql":
        with connection.connection.cursor() as cursor:
            _copy_into(cursor, table, quoted, chunk)
    else:
        _executed(table, quoted, chunk, (), ())


def _as_sqlite(chunk: pl.DataFrame) -> pl.DataFrame:
    """As Django writes them: days and times as text, yes and no as 1 and 0."""
    told: list[pl.Expr] = []
    for name, dtype in chunk.schema.items():
        if dtype == pl.Date:
            told.append(pl.col(name).cast(pl.String))
        elif isinstance(dtype, pl.Datetime):
            told.append(pl.col(name).dt.strftime("%Y-%m-%d %H:%M:%S%.6f"))
        elif dtype == pl.Boolean:
            told.append(pl.col(name).cast(pl.Int8))
    return chunk.with_columns(told) if told else chunk


def _copied(table: str, quoted: str, chunk: pl.DataFrame, key: Sequence[str], update: Sequence[str]) -> None:
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        if not key:
            _copy_into(cursor, table, quoted, chunk)
            return
        cursor.execute(f"CREATE TEMPORARY TABLE arriving ON COMMIT DROP AS SELECT {quoted} FROM {table} WITH NO DATA")
        _copy_into(cursor, "arriving", quoted, chunk)
        cursor.execute(f"INSERT INTO {table} ({quoted}) SELECT {quoted} FROM arriving{_on_conflict(key, update)}")
        cursor.execute("DROP TABLE arriving")


def _copy_into(cursor: Any, table: str, quoted: str, chunk: pl.DataFrame) -> None:
    if any(dtype == pl.Binary for dtype in chunk.dtypes):
        chunk = chunk.with_columns(
            pl.concat_str(pl.lit("\\x"), pl.col(name).bin.encode("hex")).alias(name)
            for name, dtype in chunk.schema.items()
            if dtype == pl.Binary
        )
    with cursor.copy(f"COPY {table} ({quoted}) FROM STDIN (FORMAT csv, NULL '\\N')") as copy:
        copy.write(chunk.write_csv(include_header=False, null_value="\\N", quote_style="non_numeric"))


def _chunks(sql: str, parameters: Sequence[Any]) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
    connection.ensure_connection()
    # A plain cursor of the driver: rows as the driver gives them, read in one pass.
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql if connection.vendor == "postgresql" else sql.replace("%s", "?"), tuple(parameters))
        names = [column[0] for column in cursor.description]
        while True:
            rows = cursor.fetchmany(CHUNK_ROWS)
            yield names, rows
            if len(rows) < CHUNK_ROWS:
                return
    finally:
        cursor.close()


def _typed(rows: list[tuple[Any, ...]], names: list[str], schema: dict[str, Any]) -> pl.DataFrame:
    as_text = connection.vendor != "postgresql"
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pl.DataFrame(
        [_series(name, column, schema.get(name), as_text) for name, column in zip(names, columns, strict=True)]
    )


def _series(name: str, column: tuple[Any, ...], dtype: Any, as_text: bool) -> pl.Series:
    if dtype is not None and as_text and any(isinstance(value, str) for value in column[:1] or ()):
        text = pl.Series(name, column, dtype=pl.String)
        if dtype == pl.Date:
            return text.str.to_date("%Y-%m-%d")
        if isinstance(dtype, pl.Datetime):
            return text.str.to_datetime(time_unit="us", time_zone="UTC")
    return pl.Series(name, column, dtype=dtype, strict=dtype is None)
