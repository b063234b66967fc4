"""The public events of one order's way, exactly: an extra one fails a journey."""

REGISTERED = [
    "AccountOpened",
    "EmailConfirmationRequested",
    "EmailConfirmed",
    "AccountNumberAssigned",
]
ORDERED = ["OrderPlaced", "ServiceOrdered", "InvoiceIssued"]
PAID = [
    "PaymentStarted",
    "PaymentSent",
    "PaymentReceived",
    "PaymentAllocated",
    "InvoicePaid",
]
ACTIVATED = ["ProvisioningRequested", "ServiceActivated"]
FORTY_DAYS_UNPAID = [
    "InvoiceIssued",
    "PaymentReminderDue",
    "PaymentReminderDue",
    "AutopayDue",
    "AutopayDue",
    "InvoiceOverdue",
    "AutopayDue",
    "InvoiceOverdue",
    "SuspensionWarned",
    "AutopayDue",
    "ProvisioningRequested",
    "ServiceSuspended",
    "AutopayDue",
    "InvoiceOverdue",
]
LIFTED = ["ServiceRenewed", "ProvisioningRequested", "ServiceUnsuspended"]

FIRST_MAILS = ["Confirme", "Boas-vindas|Bem-vind", "Fatura", "Recebemos", "ativo|no ar"]
