"""The customers service: who buys, on what terms, and what they owe.

Owns
    customers with their contacts, authorised signatories, seals and addresses; grades and
    their history; the grade policy; contracts; the credit account with one row per order and
    an append-only ledger; payments; notices of deposit and balance; invoices; credit notes;
    coupons.
Answers
    reserve_credit, undo_credit, check_production_terms, check_signatory, get_terms (orders);
    check_release (shipping); the desk's commands and queries about all it owns (gateway).
Announces
    customer_changed, credit_stop_changed, payment_claimed, payment_verified, payment_rejected,
    payment_reversed, order_money_changed, notice_made, invoice_made, credit_note_made.
Listens to
    orders: the lines' prices and the coupons of a confirmed order, and the end of an order,
    which frees its credit;
    inventory: goods_stocked, by which a reservation becomes the accepted value;
    shipping: released, cancelled and dispatched shipments; a dispatch makes a receivable;
    aftersales: refund_settled, booked as a credit note.
"""
