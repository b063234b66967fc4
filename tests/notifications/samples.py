"""One envelope for every event that calls for a mail, and the rows that its mail is made of."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from services.notifications.directory.rows import (
    Brand,
    Invoice,
    Recipient,
    Service,
    Subject,
    Ticket,
)
from services.notifications.mail.notices import Notice
from shared.contracts.accounts import (
    AccountNumberAssigned,
    AccountOpened,
    EmailConfirmationRequested,
    PasswordChanged,
    PasswordResetRequested,
    RegistrationRepeated,
)
from shared.contracts.billing import (
    BoletoIssued,
    BoletoReissued,
    BrandConfigured,
    CreditNoteIssued,
    InvoiceIssued,
    InvoiceLine,
    InvoiceOverdue,
    PaymentConfirmationWanted,
    PaymentFailed,
    PaymentMethod,
    PaymentMethodExpiring,
    PaymentReceived,
    PaymentReminderDue,
    ServiceActivated,
    ServiceEnded,
    ServiceOrdered,
    ServiceSuspended,
    ServiceTerminated,
    ServiceUnsuspended,
    SuspensionWarned,
    Why,
)
from shared.contracts.event import PublicEvent, source_of
from shared.contracts.tickets import TicketOpened, TicketReplied
from shared.envelope import Envelope

ACCOUNT = UUID("01940000-0000-7000-8000-0000000000a1")
USER = UUID("01940000-0000-7000-8000-0000000000b1")
INVOICE = UUID("01940000-0000-7000-8000-0000000000c1")
SERVICE = UUID("01940000-0000-7000-8000-0000000000d1")
TICKET = UUID("01940000-0000-7000-8000-0000000000e1")
PAYMENT = UUID("01940000-0000-7000-8000-0000000000f1")
BOLETO = UUID("01940000-0000-5000-8000-0000000000b0")
NOTE = UUID("01940000-0000-7000-8000-0000000000ee")
REQUEST = UUID("01940000-0000-7000-8000-0000000000f2")
EVENT = UUID("01940000-0000-7000-8000-000000000001")
PORTAL_URL = "http://{brand}.localhost:7100"
TOKEN = "kC8-1WfXq7vQb3mPzR5tYd2nJ6hLsA9u"

RECIPIENT = Recipient(
    name="Ana Souza", email="ana@example.com", language="pt-BR", account_number="100001"
)
BRAND = Brand(
    slug="ponto",
    name="Ponto Hospedagem",
    host="ponto.localhost",
    default_language="pt-BR",
    time_zone="America/Sao_Paulo",
    sender_name="Ponto Hospedagem",
    sender_email="contato@ponto.example",
    accent_colour="#0b6e4f",
    company="Ponto Hospedagem Ltda.",
    method_labels={"card": {"pt-BR": "Cartão de crédito", "en": "Credit card"}},
)
SUBJECT = Subject(
    recipient=RECIPIENT,
    brand=BRAND,
    invoice=Invoice(
        id=INVOICE,
        number="PON-2026-000001",
        total_minor=2990,
        currency="BRL",
        due_on=date(2026, 12, 14),
    ),
    service=Service(
        id=SERVICE,
        product_name={"pt-BR": "Hospedagem Essencial", "en": "Essential hosting"},
        domain="padariadoze.com.br",
    ),
    ticket=Ticket(
        id=TICKET,
        number="TKT-000042",
        subject="Não consigo enviar e-mails",
        author="Bruno, do suporte",
        message="Bom dia!\n\nDesde ontem o webmail recusa <anexos> & fotos.\nPodem ver?",
    ),
)


def in_language(language: str) -> Subject:
    """The subject of the samples with a recipient who reads `language`."""
    return replace(SUBJECT, recipient=replace(RECIPIENT, language=language))


def envelope_of(event: PublicEvent, *, account_id: UUID | None = ACCOUNT) -> Envelope:
    """The event as a consumer gets it."""
    return Envelope(
        source=source_of(type(event)),
        partition=17,
        position=1,
        id=EVENT,
        type=type(event).__name__,
        version=1,
        account_id=account_id,
        brand="ponto",
        occurred_at=datetime(2026, 11, 30, 12, 5, tzinfo=UTC),
        actor="user:1",
        causation_id=None,
        correlation_id=EVENT,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        event=event,
    )


TICKET_OPENED = TicketOpened(
    ticket_id=TICKET,
    number="TKT-000042",
    department="support",
    priority="medium",
    service_id=None,
    author="Ana Souza",
    subject="Não consigo enviar e-mails",
    message="Bom dia!",
)
EVENTS: tuple[PublicEvent, ...] = (
    AccountNumberAssigned(number="100001"),
    EmailConfirmationRequested(user_id=USER),
    RegistrationRepeated(user_id=USER),
    PasswordResetRequested(user_id=USER),
    PasswordChanged(user_id=USER),
    InvoiceIssued(
        invoice_id=INVOICE,
        number="PON-2026-000001",
        order_id=None,
        issued_on=date(2026, 11, 30),
        due_on=date(2026, 12, 14),
        currency="BRL",
        lines=[InvoiceLine(kind="new", description="Hospedagem Essencial", net_minor=2990)],
        total_minor=2990,
        billed_to_name="Ana Souza",
        billed_to_address="Rua das Flores, 10",
        billed_to_tax_id="52998224725",
    ),
    PaymentReminderDue(
        invoice_id=INVOICE,
        number="PON-2026-000001",
        due_on=date(2026, 12, 14),
        days_before=7,
        open_minor=2990,
        currency="BRL",
    ),
    InvoiceOverdue(
        invoice_id=INVOICE,
        number="PON-2026-000001",
        due_on=date(2026, 12, 14),
        days_after=3,
        open_minor=2990,
        currency="BRL",
    ),
    SuspensionWarned(
        service_id=SERVICE,
        invoice_id=INVOICE,
        invoice_number="PON-2026-000001",
        suspends_on=date(2026, 12, 19),
    ),
    ServiceSuspended(service_id=SERVICE, reason="overdue", suspended_on=date(2026, 12, 19)),
    ServiceUnsuspended(service_id=SERVICE, unsuspended_on=date(2026, 12, 20)),
    PaymentReceived(
        payment_id=PAYMENT,
        invoice_id=INVOICE,
        method="card",
        amount_minor=2990,
        currency="BRL",
        received_on=date(2026, 12, 1),
        receipt_number="PON-R-000001",
        gateway_reference="chk_1",
    ),
    PaymentFailed(payment_id=PAYMENT, invoice_id=INVOICE, reason="card_declined"),
    PaymentConfirmationWanted(
        payment_id=PAYMENT, invoice_id=INVOICE, amount_minor=2990, currency="BRL"
    ),
    PaymentMethodExpiring(
        method_id=REQUEST,
        card_brand="visa",
        last_four="4242",
        expires_on=date(2026, 12, 31),
        why=Why(rule="card.expires"),
    ),
    BoletoIssued(
        boleto_id=BOLETO,
        payment_id=PAYMENT,
        invoice_id=INVOICE,
        bank="237",
        bank_account="main",
        numbered_by="237-1234-123456-9",
        sequence=1,
        own_number="00000000001P",
        barcode="23793160000000029901234090000000000101234560",
        line="23791.23405 90000.000009 01012.345600 3 16000000002990",
        amount_minor=2990,
        currency="BRL",
        due_on=date(2026, 12, 1),
        payable_until=date(2026, 12, 31),
    ),
    BoletoReissued(
        boleto_id=BOLETO,
        payment_id=PAYMENT,
        invoice_id=INVOICE,
        pay_by=date(2026, 12, 10),
        barcode="23798160900000030591234090000000000101234560",
        line="23791.23405 90000.000009 01012.345600 8 16090000003059",
        amount_minor=3059,
        fine_minor=60,
        interest_minor=9,
        currency="BRL",
    ),
    ServiceActivated(
        service_id=SERVICE, activated_on=date(2026, 12, 1), next_due_on=date(2027, 1, 1)
    ),
    ServiceTerminated(service_id=SERVICE, terminated_on=date(2027, 2, 1)),
    ServiceEnded(service_id=SERVICE, ended_on=date(2027, 2, 1), reason="cancellation"),
    CreditNoteIssued(
        credit_note_id=NOTE,
        number="PON-C-2026-000001",
        invoice_id=INVOICE,
        invoice_number="PON-2026-000001",
        issued_on=date(2026, 12, 2),
        currency="BRL",
        lines=[],
        taxes=[],
        tax_minor=0,
        total_minor=2990,
        returned_minor=1990,
        leaves_nothing=True,
        reason="Cobrada em dobro",
        billed_to_name="Ana Souza",
        billed_to_address="Rua das Flores, 10",
        billed_to_tax_id="52998224725",
    ),
    TICKET_OPENED,
    TicketReplied(ticket_id=TICKET, side="staff", author="Bruno", message="Vamos ver."),
)
"""One of each event that calls for a mail."""

OPENED = AccountOpened(
    user_id=USER,
    language="pt-BR",
    name="Ana Souza",
    email="ana@example.com",
    phone="+55 11 98765-4321",
    tax_id="52998224725",
    address="Rua das Flores, 10",
    city="São Paulo",
    state="SP",
    postal_code="01001-000",
    country="BR",
)
CONFIGURED = BrandConfigured(
    name="Ponto Hospedagem",
    hosts=["ponto.localhost"],
    languages=["pt-BR", "en"],
    default_language="pt-BR",
    time_zone="America/Sao_Paulo",
    currency="BRL",
    sender_name="Ponto Hospedagem",
    sender_email="contato@ponto.example",
    accent_colour="#0b6e4f",
    payee={"name": "Ponto Hospedagem Ltda."},
    payment_methods=[
        PaymentMethod(
            id="card",
            kind="hosted_page",
            label={"pt-BR": "Cartão de crédito", "en": "Credit card"},
            clearing_days=0,
        )
    ],
    departments=[],
)
ORDERED = ServiceOrdered(
    service_id=SERVICE,
    order_id=REQUEST,
    product_id=REQUEST,
    product_name={"pt-BR": "Hospedagem Essencial", "en": "Essential hosting"},
    domain="padariadoze.com.br",
    cycle="monthly",
    recurring_minor=2990,
    currency="BRL",
)

STAFF_SUSPENSION = ServiceSuspended(
    service_id=SERVICE, reason="abuse", suspended_on=date(2026, 12, 19)
)


def token_for(notice: Notice) -> str | None:
    """The one-time token that the notice's mail carries, if any."""
    return TOKEN if notice.link else None
