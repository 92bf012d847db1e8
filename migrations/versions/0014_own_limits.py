"""Sources: the limits that their owners set, and credentials that share another source's work"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source", sa.Column("limits", sa.Text(), nullable=True))
    op.add_column("source", sa.Column("lends_to", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("source", "lends_to")
    op.drop_column("source", "limits")
