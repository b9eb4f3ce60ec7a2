"""Orders: the commercial promise, from the first memo to the closed order.

Owns: memos, orders, lines, price schemes and last prices, confirmation versions and
sign-backs, gate results, anomalies, holds, promise dates, order numbers, tasks.
Answers: drafting, review, confirmation, issue, hold, cancel, close; search and work lists.
Announces: every move of an order with its whole public view (domain/events.py).
Listens to: customers (customers, money), inventory (products, statements, instructions),
shipping (shipments, rejected scans).
Asks: customers, inventory, shipping (conversations/).
"""
