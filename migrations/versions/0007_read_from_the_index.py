"""What is read often comes from an index alone: the newest posts, who posted when, whether any post is a repost"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

REPOST = sa.text("repost_of IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.drop_index("ix_member_subject_id_born_at")
        batch_op.create_index(
            "ix_member_subject_id_born_at_post_id_author_id",
            ["subject_id", "born_at", "post_id", "author_id"], unique=False,
        )  # fmt: skip
    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.create_index("ix_post_created_at_id", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_post_reposts", ["id"], unique=False, sqlite_where=REPOST, postgresql_where=REPOST)


def downgrade() -> None:
    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.drop_index("ix_post_reposts")
        batch_op.drop_index("ix_post_created_at_id")
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.drop_index("ix_member_subject_id_born_at_post_id_author_id")
        batch_op.create_index("ix_member_subject_id_born_at", ["subject_id", "born_at"], unique=False)
