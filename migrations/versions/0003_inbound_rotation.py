"""Codes as they are spelled, secrets of inbound hooks that are changed, and sums of outcomes from an index alone"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("inbound_hook", schema=None) as batch_op:
        batch_op.add_column(sa.Column("previous_sealed", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("previous_until", sa.BigInteger(), nullable=True))
        batch_op.drop_column("revoked_at")
    with op.batch_alter_table("influencer_code", schema=None) as batch_op:
        batch_op.add_column(sa.Column("spelling", sa.Text(), nullable=True))
    op.execute("UPDATE influencer_code SET spelling = code")
    with op.batch_alter_table("influencer_code", schema=None) as batch_op:
        batch_op.alter_column("spelling", existing_type=sa.Text(), nullable=False)
        batch_op.create_index(batch_op.f("ix_influencer_code_influencer_id"), ["influencer_id"], unique=False)
    op.drop_index(op.f("ix_outcome_campaign_id_occurred_at"), table_name="outcome")
    op.create_index(
        op.f("ix_outcome_campaign_id_occurred_at_kind_currency_micros"), "outcome",
        ["campaign_id", "occurred_at", "kind", "currency", "micros"], unique=False,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index(op.f("ix_outcome_campaign_id_occurred_at_kind_currency_micros"), table_name="outcome")
    op.create_index(op.f("ix_outcome_campaign_id_occurred_at"), "outcome", ["campaign_id", "occurred_at"], unique=False)
    with op.batch_alter_table("influencer_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_influencer_code_influencer_id"))
        batch_op.drop_column("spelling")
    with op.batch_alter_table("inbound_hook", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revoked_at", sa.BigInteger(), nullable=True))
        batch_op.drop_column("previous_until")
        batch_op.drop_column("previous_sealed")
