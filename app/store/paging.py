"""Lists read page by page, from a key on: the tenth page costs what the first one does."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, tuple_

Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])


def page(
    query: Query, keys: Sequence[Any], after: Sequence[Any] | None, limit: int, *, descending: bool = False
) -> Query:
    """`keys` together are unique. One row more than `limit`, so that the caller knows whether there is a next page."""
    if after is not None:
        mine, theirs = tuple_(*keys), tuple_(*after)
        query = query.where(mine < theirs if descending else mine > theirs)
    return query.order_by(*(key.desc() if descending else key for key in keys)).limit(limit + 1)
