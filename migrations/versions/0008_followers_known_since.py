"""When the followers of an account became known, where a file told of them later than they were observed"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account_look", sa.Column("recorded_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("account_look", "recorded_at")
