"""What all tables share: one metadata with named constraints, and the two column types that matter."""

from typing import Annotated

from sqlalchemy import BigInteger, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Millis = Annotated[int, mapped_column(BigInteger)]
"""An instant: whole milliseconds since the epoch, UTC. See docs/decisions/0001."""

Count = Annotated[int, mapped_column(BigInteger)]
Id = Annotated[int, mapped_column(BigInteger)]
"""A 63-bit hash (app.db.types.hash_id), or a small number that we gave."""

Words = Annotated[str, mapped_column(Text)]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
