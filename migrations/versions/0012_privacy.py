"""What is taken out and must not come back; what is kept how long; the sums of what is no longer there"""

import time

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
MONTH = 30 * 86_400_000
TABLES = ("seal", "compliance_job", "chore", "retention", "erasure", "tombstone")


def upgrade() -> None:
    op.create_table(
        "tombstone",
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_tombstone")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("accounts", sa.Text(), nullable=True),
        sa.Column("influencer", sa.Text(), nullable=True),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    op.create_table(
        "retention",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_retention")),
    )
    op.create_table(
        "chore",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chore")),
    )
    op.create_table(
        "compliance_job",
        sa.Column("source_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("job", sa.Text(), nullable=True),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_compliance_job")),
    )
    op.create_table(
        "seal",
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("grain", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("bucket", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("posts", sa.BigInteger(), nullable=False),
        sa.Column("authored", sa.BigInteger(), nullable=False),
        sa.Column("authors_new", sa.BigInteger(), nullable=False),
        sa.Column("followed", sa.BigInteger(), nullable=False),
        sa.Column("followers", sa.BigInteger(), nullable=False),
        sa.Column("impressions", sa.BigInteger(), nullable=False),
        sa.Column("gave_likes", sa.BigInteger(), nullable=False),
        sa.Column("gave_reposts", sa.BigInteger(), nullable=False),
        sa.Column("gave_replies", sa.BigInteger(), nullable=False),
        sa.Column("gave_quotes", sa.BigInteger(), nullable=False),
        sa.Column("gave_views", sa.BigInteger(), nullable=False),
        sa.Column("likes", sa.BigInteger(), nullable=False),
        sa.Column("reposts", sa.BigInteger(), nullable=False),
        sa.Column("replies", sa.BigInteger(), nullable=False),
        sa.Column("quotes", sa.BigInteger(), nullable=False),
        sa.Column("views", sa.BigInteger(), nullable=False),
        sa.Column("moved", sa.BigInteger(), nullable=False),
        sa.Column("estimated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "grain", "platform", "bucket", name=op.f("pk_seal")),
        sqlite_with_rowid=False,
    )
    op.add_column("post", sa.Column("gone_at", sa.BigInteger(), nullable=True))
    op.add_column("post", sa.Column("purged_at", sa.BigInteger(), nullable=True))
    where = sa.text("state = 'gone' AND purged_at IS NULL")
    op.create_index("ix_post_to_purge", "post", ["id"], sqlite_where=where, postgresql_where=where)
    op.add_column("subject", sa.Column("sealed_at", sa.BigInteger(), nullable=True))
    _look_at_the_forgotten()


def _look_at_the_forgotten() -> None:
    """What was no longer looked at is looked at again once a month, so that deletions are learned of: spread out."""
    now = int(time.time() * 1_000)
    op.execute(
        sa.text(
            "UPDATE post SET next_look_at = :now + id % :month WHERE next_look_at IS NULL AND source_id IS NOT NULL "
            "AND state = 'live' AND EXISTS (SELECT 1 FROM post_text WHERE post_text.post_id = post.id)"
        ).bindparams(now=now, month=MONTH)
    )


def downgrade() -> None:
    op.drop_column("subject", "sealed_at")
    op.drop_index("ix_post_to_purge", "post")
    op.drop_column("post", "purged_at")
    op.drop_column("post", "gone_at")
    for table in TABLES:
        op.drop_table(table)
