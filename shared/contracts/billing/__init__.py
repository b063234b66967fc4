"""What the billing service publishes. Amounts are integer minor units of `currency` (ISO 4217)."""

from shared.contracts.billing.brands import (
    BrandConfigured,
    BusinessDayStarted,
    Department,
    PaymentMethod,
)
from shared.contracts.billing.catalogue import (
    OptionValue,
    Price,
    ProductGroup,
    ProductOption,
    ProductPublished,
    ProductRetired,
    ProductRevisionPlanned,
    ProductRevisionWithdrawn,
)
from shared.contracts.billing.credit import (
    CreditAdded,
)
from shared.contracts.billing.invoices import (
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceLine,
    InvoiceOverdue,
    InvoicePaid,
    PaymentReminderDue,
)
from shared.contracts.billing.orders import (
    OrderCancelled,
    OrderPlaced,
)
from shared.contracts.billing.payments import (
    PaymentAllocated,
    PaymentFailed,
    PaymentMismatchFound,
    PaymentPending,
    PaymentReceived,
    PaymentStarted,
)
from shared.contracts.billing.promotions import (
    PromotionEnded,
    PromotionPublished,
    PromotionReleased,
    PromotionUsed,
)
from shared.contracts.billing.services import (
    ProvisioningFailed,
    ProvisioningRequested,
    ServiceActivated,
    ServiceCancelled,
    ServiceOrdered,
    ServiceRenewed,
    ServiceSuspended,
    ServiceTerminated,
    ServiceUnsuspended,
    SuspensionWarned,
)

__all__ = [
    "BrandConfigured",
    "BusinessDayStarted",
    "CreditAdded",
    "Department",
    "InvoiceCancelled",
    "InvoiceIssued",
    "InvoiceLine",
    "InvoiceOverdue",
    "InvoicePaid",
    "OptionValue",
    "OrderCancelled",
    "OrderPlaced",
    "PaymentAllocated",
    "PaymentFailed",
    "PaymentMethod",
    "PaymentMismatchFound",
    "PaymentPending",
    "PaymentReceived",
    "PaymentReminderDue",
    "PaymentStarted",
    "Price",
    "ProductGroup",
    "ProductOption",
    "ProductPublished",
    "ProductRetired",
    "ProductRevisionPlanned",
    "ProductRevisionWithdrawn",
    "PromotionEnded",
    "PromotionPublished",
    "PromotionReleased",
    "PromotionUsed",
    "ProvisioningFailed",
    "ProvisioningRequested",
    "ServiceActivated",
    "ServiceCancelled",
    "ServiceOrdered",
    "ServiceRenewed",
    "ServiceSuspended",
    "ServiceTerminated",
    "ServiceUnsuspended",
    "SuspensionWarned",
]
