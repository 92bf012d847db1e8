"""Sources: the platform under whose name their posts are kept, where servers of several kinds show the same ones"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source", sa.Column("network", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("source", "network")
