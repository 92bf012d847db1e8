"""A campaign's report each month: where its months begin"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alert_rule", sa.Column("zone", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("alert_rule", "zone")
