"""What members of staff may do: scopes that their tokens name and that routes ask for.

A name stays for ever. The accounts service says who has which.
"""

BILLING_READ = "billing.read"
BILLING_INVOICE = "billing.invoice"
"""Drafts, billable items, making invoices and making unpaid ones void."""
BILLING_CORRECT = "billing.correct"
"""Credit notes, and correcting an invoice that was issued."""
BILLING_WRITE_OFF = "billing.write_off"
"""Giving up what is owed."""
BILLING_CATALOGUE = "billing.catalogue"
"""Promotions, and the prices that are agreed with an account."""
BILLING_ORDERS = "billing.orders"
"""Giving up the unpaid orders of clients."""
BILLING_SERVICES = "billing.services"
"""Suspending, ending and transferring services."""
BILLING_RULES = "billing.rules"
"""Agreeing rules of its own with an account."""
BILLING_AUTOMATION = "billing.automation"
"""Trying again what a business day could not do; rehearsing one."""

BILLING_TASKS = "billing.tasks"
"""Saying that what was found for staff to look at is done."""
BILLING_BANK = "billing.bank"
"""Bringing what banks write, return files of boletos and statements, and saying what it pays."""
BILLING_REFUND = "billing.refund"
"""Giving back what was paid."""
BILLING_APPROVE_REFUND = "billing.approve_refund"
"""Letting a refund go, above the brand's limit, that another person asked for."""

STAFF_PERMISSIONS: tuple[str, ...] = (
    BILLING_READ,
    BILLING_INVOICE,
    BILLING_CORRECT,
    BILLING_WRITE_OFF,
    BILLING_CATALOGUE,
    BILLING_ORDERS,
    BILLING_SERVICES,
    BILLING_RULES,
    BILLING_AUTOMATION,
    BILLING_BANK,
    BILLING_REFUND,
    BILLING_APPROVE_REFUND,
    BILLING_TASKS,
)
