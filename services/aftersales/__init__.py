"""After-sales: what happens after the goods have left.

Owns: return cases with their inspection and settlement, visits, response clocks.
Answers: opening and moving cases, planned visits and their results, work lists.
Announces: case_opened, return_received, return_inspected, refund_settled, case_closed.
Listens to: orders (what was sold), shipping (what was delivered).
Asks nobody: all it needs it has heard.
"""
