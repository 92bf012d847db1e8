"""The few statements that the two databases spell differently: many rows at once, and `id in (many)`."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import ARRAY, BigInteger, ColumnElement, String, Table, Text, bindparam, column, func, select
from sqlalchemy.sql.elements import ColumnClause

from app.db.engine import ReadSession, Session

Conflict = Literal["ignore", "add", "replace"]
Lock = Literal["share", "write", "redefine"]
_ARRAYS = {
    "BIGINT": "bigint", "INTEGER": "integer", "BOOLEAN": "boolean", "FLOAT": "double precision", "BLOB": "bytea",
}  # fmt: skip


def is_file(session: ReadSession) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def among(session: ReadSession, col: Any, values: Sequence[int] | Sequence[str]) -> ColumnElement[bool]:
    """`col in (values)` as one parameter, however many there are: the statement stays the same and is prepared once."""
    if is_file(session):
        each = func.json_each(json.dumps(list(values))).table_valued(column("value"))
        return col.in_(select(each.c.value))  # type: ignore[no-any-return]
    kind = Text() if isinstance(col.type, String) else BigInteger()  # an empty list has no type of its own
    return col == func.any(bindparam(None, list(values), type_=ARRAY(kind), unique=True))  # type: ignore[no-any-return]


async def put(session: Session, table: Any, columns: Mapping[str, Sequence[Any]], conflict: Conflict = "ignore") -> int:
    """Insert rows given by column; returns how many were written. On a key that is there: leave, add to, or replace it.

    `add` is plain arithmetic on the stored and the given row, so it may be distributed.
    """
    if not columns or not len(next(iter(columns.values()))):
        return 0
    sql_file, sql_server = _statements(table.__table__, tuple(columns), conflict)
    connection = await session.connection()
    if is_file(session):
        result = await connection.exec_driver_sql(sql_file, list(zip(*columns.values(), strict=True)))
    else:
        result = await connection.exec_driver_sql(sql_server, tuple(list(values) for values in columns.values()))
    return int(result.rowcount)


@lru_cache(maxsize=128)
def _statements(table: Table, names: tuple[str, ...], conflict: Conflict) -> tuple[str, str]:
    keys = [col.name for col in table.primary_key.columns]
    rest = [name for name in names if name not in keys]
    quoted = f'"{table.name}"'
    if conflict == "ignore" or not rest:
        tail = "ON CONFLICT DO NOTHING"
    else:
        one = '"{0}" = ' + (f'{quoted}."{{0}}" + excluded."{{0}}"' if conflict == "add" else 'excluded."{0}"')
        changes = ", ".join(one.format(name) for name in rest)
        tail = f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"
    head = f"INSERT INTO {quoted} ({', '.join(names)})"
    marks = ", ".join("?" for _ in names)
    kinds = (_array_type(table.c[name]) for name in names)
    arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(kinds, 1))
    # In one order: two writers of the same rows then wait for one another instead of locking each other out.
    order = [name for name in names if name in keys] or names
    given = f"SELECT * FROM unnest({arrays}) AS given ({', '.join(names)}) ORDER BY {', '.join(order)}"  # noqa: S608
    # Names come from our own tables; values are always parameters.
    return f"{head} VALUES ({marks}) {tail}", f"{head} {given} {tail}"


def _array_type(col: "ColumnClause[Any]") -> str:
    return _ARRAYS.get(str(col.type), "text")


async def lock_rows(session: Session, table: Any, ids: Iterable[int], strength: Lock = "write") -> bool:
    """Hold the rows until commit, in the order of their ids. A file's writer holds all of it already: False.

    `write` keeps out other writers of the rows; `redefine` also those who `share` what the rows stand for.
    """
    wanted = sorted(set(ids))
    if not wanted or is_file(session):
        return False
    statement = select(table.id).where(among(session, table.id, wanted)).order_by(table.id)
    await session.execute(statement.with_for_update(read=strength == "share", key_share=strength != "redefine"))
    return True


async def change(session: Session, table: Any, key: str, columns: Mapping[str, Sequence[Any]]) -> None:
    """Set columns of many rows at once, found by `key` (one of the columns given)."""
    if not columns or not len(columns[key]):
        return
    names = [key, *(name for name in columns if name != key)]
    whole = table.__table__
    connection = await session.connection()
    if is_file(session):
        sets = ", ".join(f"{name} = ?" for name in names[1:])
        rows = list(zip(*(columns[name] for name in [*names[1:], key]), strict=True))
        await connection.exec_driver_sql(f'UPDATE "{whole.name}" SET {sets} WHERE {key} = ?', rows)  # noqa: S608
        return
    arrays = ", ".join(f"${n}::{_array_type(whole.c[name])}[]" for n, name in enumerate(names, 1))
    sets = ", ".join(f"{name} = given.{name}" for name in names[1:])
    statement = f'UPDATE "{whole.name}" AS kept SET {sets} FROM unnest({arrays}) AS given ({", ".join(names)})'  # noqa: S608
    await connection.exec_driver_sql(
        f"{statement} WHERE kept.{key} = given.{key}", tuple(list(columns[name]) for name in names)
    )
