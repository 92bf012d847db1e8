"""What changed last, for those who listen."""

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.types import CLUSTERED
from app.models.base import Base, Count, Millis


class News(Base):
    """One row for each thing that changes, with the number of its last change: the table does not grow with time.

    `seq` follows the order of commits, so whoever has read up to one number misses nothing (app.store.news).
    """

    __tablename__ = "news"
    __table_args__ = (Index(None, "seq"), CLUSTERED)
    topic: Mapped[str] = mapped_column(Text, primary_key=True)  # points, source, alert; clock: the last number given
    ref: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[Count]
    at: Mapped[Millis]
