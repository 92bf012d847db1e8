"""When facts became known, where that is not when they were observed; and what changed last, for those who listen"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LATER = ("snapshot", "tagging", "coverage")


def upgrade() -> None:
    for table in LATER:
        op.add_column(table, sa.Column("recorded_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "news",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "ref", name=op.f("pk_news")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("news", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_news_seq"), ["seq"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("news", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_news_seq"))

    op.drop_table("news")
    for table in reversed(LATER):
        op.drop_column(table, "recorded_at")
