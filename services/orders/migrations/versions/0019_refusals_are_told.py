"""Orders whose gate stands refused or short wait for somebody: what is refused left its list."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        insert into task (id, order_id, kind, role, person_id, title, title_zh, details,
            due_at, state, opened_at)
        select gen_random_uuid(), o.id, 'gate_refused',
            case when o.salesperson_id is null then 'clerk' else 'sales' end, o.salesperson_id,
            format('The %s of %s is %s: %s', g.kind, o.number, g.verdict, g.text),
            format('订单 %s %s%s：%s', o.number,
                case g.kind when 'approval' then '审批' when 'technique' then '技术'
                    when 'material' then '材料' else '排产' end,
                case g.verdict when 'short' then '短缺' else '不通过' end, g.text),
            jsonb_build_object('gate', g.kind, 'verdict', g.verdict, 'text', g.text,
                'reference', null, 'signer_name', g.signer_name,
                'signed_at', to_char(g.signed_at at time zone 'utc',
                    'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'),
                'attachment', g.attachment, 'material_date', g.figures->>'material_date'),
            g.signed_at, 'open', g.signed_at
        from gate g join "order" o on o.id = g.order_id
        where o.stage = 'in_review' and g.opened_at is not null
            and g.verdict in ('refused', 'short')
        """
    )


def downgrade() -> None:
    """Take away what the release before does not know of."""
    op.execute(
        """
        delete from task where kind in
            ('gate_refused', 'received_clearly', 'tell_trouble', 'arrived', 'money_met')
        """
    )
