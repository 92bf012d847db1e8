"""Endpoints, and the outbox: what is said, on its way to whom, and how each try went"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _text(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _instant(name: str, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "endpoint",
        _text("id"), _text("name"), _text("kind"), _text("url"), _text("url_sealed", True), _text("language"),
        _text("types", True), _text("keys_sealed", True), _text("previous_sealed", True), _instant("previous_until"),
        _text("public_key", True), _instant("created_at", False), _instant("disabled_at"),
        _text("disabled_why", True), _number("failures"), _instant("failing_since"), _number("exhausted"),
        _instant("waits_until"), _number("version"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoint")),
    )  # fmt: skip
    op.create_table(
        "event",
        _text("id"), _text("type"), _instant("at", False), _text("body"), _text("alert_id", True),
        _text("rule_id", True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )  # fmt: skip
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_alert_id"), ["alert_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_at"), ["at"], unique=False)
    op.create_table(
        "delivery",
        _text("id"), _text("event_id"), _text("endpoint_id"), _text("state"), _text("reason", True),
        _instant("created_at", False), _instant("due_at"), _instant("ended_at"), _number("tries"), _number("attempts"),
        _number("term"), _instant("claimed_until"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("event_id", "endpoint_id", name=op.f("uq_delivery_event_id_endpoint_id")),
    )  # fmt: skip
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_created_at"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_delivery_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_delivery_endpoint_id_due_at"), ["endpoint_id", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_delivery_state"), ["state"], unique=False)
    op.create_table(
        "attempt",
        _text("delivery_id"), _number("number"), _instant("at", False), _number("took_ms"),
        sa.Column("status", sa.Integer(), nullable=True), _text("problem", True), _text("answer", True),
        sa.PrimaryKeyConstraint("delivery_id", "number", name=op.f("pk_attempt")),
    )  # fmt: skip
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempt_at"), ["at"], unique=False)


def downgrade() -> None:
    for table in ("attempt", "delivery", "event", "endpoint"):
        op.drop_table(table)
