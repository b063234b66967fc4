"""Stories for the portal's tests: events as the other services publish them, in three states.

`empty` is a client who has just confirmed the address, `normal` one with the usual handful of
things, `worst` one with 200 invoices, 80-character names and amounts in the millions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from shared.contracts import PublicEvent, accounts, billing, notifications, source_of, tickets
from shared.envelope import Envelope, partition_of
from shared.ids import new_id

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
BRAND = "ponto"
HOST = "ponto.localhost"
LONG_NAME = "Comércio de Embarcações e Serviços Náuticos Conceição Vasconcellos & Irmãos Ltda"
LONG_DOMAIN = "atendimento-ao-cliente.embarcacoes-conceicao-vasconcellos.com.br"

PAYMENT_METHODS = [
    billing.PaymentMethod(
        id="card",
        kind="hosted_page",
        label={"pt-BR": "Cartão de crédito", "en": "Credit card"},
        clearing_days=0,
    ),
    billing.PaymentMethod(
        id="pix",
        kind="pix",
        label={"pt-BR": "PIX", "en": "PIX"},
        clearing_days=0,
    ),
    billing.PaymentMethod(
        id="boleto",
        kind="boleto",
        label={"pt-BR": "Boleto bancário", "en": "Bank slip"},
        clearing_days=2,
    ),
    billing.PaymentMethod(
        id="transfer",
        kind="bank_transfer",
        label={"pt-BR": "Transferência bancária", "en": "Bank transfer"},
        clearing_days=1,
        details={
            "bank": "Banco Exemplo (999)",
            "branch": "0001",
            "account": "12345-6",
            "beneficiary": "Ponto Hospedagem Ltda",
            "tax_id": "12.345.678/0001-95",
        },
    ),
]
DEPARTMENTS = [
    billing.Department(
        id="support",
        name={"pt-BR": "Suporte técnico", "en": "Technical support"},
        description={
            "pt-BR": "Sites, e-mails, domínios e o painel de hospedagem.",
            "en": "Sites, e-mail, domains and the hosting panel.",
        },
    ),
    billing.Department(
        id="billing",
        name={"pt-BR": "Financeiro", "en": "Billing"},
        description={
            "pt-BR": "Faturas, pagamentos, reembolsos e dados cadastrais.",
            "en": "Invoices, payments, refunds and contact data.",
        },
    ),
]
CONFIGURED = billing.BrandConfigured(
    name="Ponto Hospedagem",
    hosts=[HOST],
    languages=["pt-BR", "en"],
    default_language="pt-BR",
    time_zone="America/Sao_Paulo",
    currency="BRL",
    sender_name="Ponto Hospedagem",
    sender_email="financeiro@ponto.example",
    accent_colour="#0b6e4f",
    payee={
        "name": "Ponto Hospedagem Ltda",
        "address": "Avenida Paulista, 1000, São Paulo - SP, 01310-100",
        "tax_id": "12.345.678/0001-95",
    },
    payment_methods=PAYMENT_METHODS,
    departments=DEPARTMENTS,
)


def price(cycle: str, minor: int, *, setup_minor: int = 0) -> billing.Price:
    return billing.Price(
        cycle=cycle, currency="BRL", recurring_minor=minor, setup_minor=setup_minor
    )


START_ID, PRO_ID, STORE_ID = new_id(), new_id(), new_id()
PRODUCTS = [
    billing.ProductPublished(
        product_id=START_ID,
        slug="start",
        name={"pt-BR": "Hospedagem Start", "en": "Start hosting"},
        description={
            "pt-BR": "Para o primeiro site da sua empresa.",
            "en": "For the first site of your company.",
        },
        features={
            "pt-BR": ["1 site", "10 GB de espaço", "5 contas de e-mail", "Certificado SSL grátis"],
            "en": ["1 site", "10 GB of space", "5 mailboxes", "Free SSL certificate"],
        },
        prices=[price("monthly", 2990), price("annual", 29900)],
        sort=1,
    ),
    billing.ProductPublished(
        product_id=PRO_ID,
        slug="pro",
        name={"pt-BR": "Hospedagem Pro", "en": "Pro hosting"},
        description={
            "pt-BR": "Para quem tem vários sites e precisa de folga.",
            "en": "For several sites, with room to grow.",
        },
        features={
            "pt-BR": ["10 sites", "50 GB de espaço", "50 contas de e-mail", "Backup diário"],
            "en": ["10 sites", "50 GB of space", "50 mailboxes", "Daily backup"],
        },
        prices=[price("monthly", 5990), price("annual", 59900)],
        sort=2,
    ),
    billing.ProductPublished(
        product_id=STORE_ID,
        slug="loja",
        name={"pt-BR": "Loja Virtual", "en": "Online store"},
        description={
            "pt-BR": "Loja pronta para vender, com instalação feita pela nossa equipe.",
            "en": "A store that is ready to sell, installed by our team.",
        },
        features={
            "pt-BR": ["Produtos ilimitados", "100 GB de espaço", "Suporte prioritário"],
            "en": ["Unlimited products", "100 GB of space", "Priority support"],
        },
        prices=[price("monthly", 11990, setup_minor=9900), price("annual", 119900)],
        sort=3,
    ),
]


@dataclass
class World:
    """An account's events in the order in which they happened, as envelopes."""

    account_id: UUID = field(default_factory=new_id)
    user_id: UUID = field(default_factory=new_id)
    at: datetime = NOW - timedelta(days=400)
    envelopes: list[Envelope] = field(default_factory=list)
    positions: dict[tuple[str, int], int] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    def happen(
        self, event: PublicEvent, *, account: bool = True, cause: UUID | None = None
    ) -> Envelope:
        """The next event, a minute after the one before."""
        source = source_of(type(event))
        account_id = self.account_id if account else None
        place = (source, partition_of(account_id, BRAND))
        self.positions[place] = self.positions.get(place, 0) + 1
        self.at += timedelta(minutes=1)
        envelope = Envelope(
            source=source,
            partition=place[1],
            position=self.positions[place],
            id=new_id(),
            type=type(event).__name__,
            version=event.VERSION,
            account_id=account_id,
            brand=BRAND,
            occurred_at=self.at,
            actor=f"user:{self.user_id}" if account else "service:operator",
            causation_id=cause,
            correlation_id=new_id(),
            traceparent="",
            event=event,
        )
        self.envelopes.append(envelope)
        return envelope

    def on(self, day: date) -> "World":
        """Go on at ten in the morning of that day."""
        self.at = datetime(day.year, day.month, day.day, 13, 0, tzinfo=UTC)
        return self

    # ------------------------------------------------------------------------ what brands publish

    def found_brand(self) -> "World":
        self.happen(CONFIGURED, account=False)
        for product in PRODUCTS:
            self.happen(product, account=False)
        self.happen(billing.BusinessDayStarted(day=TODAY), account=False)
        return self

    # ---------------------------------------------------------------------------- what clients do

    def register(self, name: str = "Maria Souza", email: str = "maria@example.com") -> "World":
        self.happen(
            accounts.AccountOpened(
                user_id=self.user_id,
                language="pt-BR",
                name=name,
                email=email,
                phone="+55 11 91234-5678",
                tax_id="529.982.247-25",
                address="Rua das Flores, 123, apto 45",
                city="São Paulo",
                state="SP",
                postal_code="01310-100",
                country="BR",
            )
        )
        self.happen(accounts.EmailConfirmationRequested(user_id=self.user_id))
        self.happen(accounts.EmailConfirmed(user_id=self.user_id))
        self.happen(accounts.AccountNumberAssigned(number=f"PON-{next(self.numbers):06d}"))
        return self

    def order(self, domain: str, product: billing.ProductPublished) -> tuple[UUID, UUID]:
        """The service and its first invoice."""
        service_id, invoice_id, order_id = new_id(), new_id(), new_id()
        cost = product.prices[0].recurring_minor
        self.happen(
            billing.OrderPlaced(
                order_id=order_id,
                number=f"PED-{next(self.numbers):06d}",
                product_id=product.product_id,
                service_id=service_id,
                invoice_id=invoice_id,
                cycle="monthly",
                domain=domain,
                total_minor=cost,
                currency="BRL",
            )
        )
        self.happen(
            billing.ServiceOrdered(
                service_id=service_id,
                order_id=order_id,
                product_id=product.product_id,
                product_name=product.name,
                domain=domain,
                cycle="monthly",
                recurring_minor=cost,
                currency="BRL",
            )
        )
        self.invoice(invoice_id, [self.line(service_id, cost, domain)], kind="new")
        return service_id, invoice_id

    def line(self, service_id: UUID | None, net_minor: int, domain: str) -> billing.InvoiceLine:
        start = self.at.date()
        return billing.InvoiceLine(
            kind="new",
            description=f"Hospedagem Start (mensal) - {domain}",
            net_minor=net_minor,
            service_id=service_id,
            period_start=start,
            period_end=start + timedelta(days=30),
        )

    def invoice(
        self,
        invoice_id: UUID,
        lines: list[billing.InvoiceLine],
        *,
        kind: str = "renewal",
        due_in_days: int = 7,
    ) -> UUID:
        total = sum(line.net_minor for line in lines)
        issued_on = self.at.date()
        issued = self.happen(
            billing.InvoiceIssued(
                invoice_id=invoice_id,
                number=f"PON-{issued_on.year}-{next(self.numbers):06d}",
                order_id=new_id() if kind == "new" else None,
                issued_on=issued_on,
                due_on=issued_on + timedelta(days=due_in_days),
                currency="BRL",
                lines=lines,
                total_minor=total,
                billed_to_name="Maria Souza",
                billed_to_address="Rua das Flores, 123, apto 45, São Paulo - SP, 01310-100, BR",
                billed_to_tax_id="529.982.247-25",
            )
        )
        self.email("invoice_issued", "Sua fatura da Ponto Hospedagem chegou", cause=issued.id)
        return invoice_id

    def pay(self, invoice_id: UUID, amount_minor: int, *, method: str = "card") -> UUID:
        payment_id = self.start_payment(invoice_id, amount_minor, method=method)
        number = f"REC-{next(self.numbers):06d}"
        today = self.at.date()
        self.happen(
            billing.PaymentReceived(
                payment_id=payment_id,
                invoice_id=invoice_id,
                method=method,
                amount_minor=amount_minor,
                currency="BRL",
                received_on=today,
                receipt_number=number,
                gateway_reference="co_1",
            )
        )
        self.happen(
            billing.PaymentAllocated(
                invoice_id=invoice_id,
                payment_id=payment_id,
                amount_minor=amount_minor,
                currency="BRL",
            )
        )
        paid = self.happen(
            billing.InvoicePaid(
                invoice_id=invoice_id,
                number=number,
                paid_on=today,
                total_minor=amount_minor,
                currency="BRL",
            )
        )
        self.email("receipt", "Recebemos o seu pagamento", cause=paid.id)
        return payment_id

    def start_payment(
        self,
        invoice_id: UUID,
        amount_minor: int,
        *,
        method: str = "card",
        purpose: str = "invoice",
        further: Sequence[UUID] = (),
    ) -> UUID:
        payment_id = new_id()
        self.happen(
            billing.PaymentStarted(
                payment_id=payment_id,
                invoice_id=invoice_id,
                method=method,
                amount_minor=amount_minor,
                currency="BRL",
                purpose=purpose,
                further_invoices=list(further),
            )
        )
        return payment_id

    def save_card(self, last_four: str, expires_on: date | None, *, is_default: bool) -> None:
        self.happen(
            billing.PaymentMethodSaved(
                method_id=new_id(),
                method="card",
                kind="card",
                card_brand="visa",
                last_four=last_four,
                expires_on=expires_on,
                is_default=is_default,
            )
        )

    def activate(self, service_id: UUID, next_due_on: date) -> None:
        self.happen(self.asked(service_id, "create"))
        self.happen(
            billing.ServiceActivated(
                service_id=service_id, activated_on=self.at.date(), next_due_on=next_due_on
            )
        )

    def asked(self, service_id: UUID, action: str) -> billing.ProvisioningRequested:
        return billing.ProvisioningRequested(
            service_id=service_id,
            request_id=new_id(),
            action=action,
            plan="start",
            domain="exemplo.com.br",
        )

    def let_run(self, domain: str, *, until: date) -> UUID:
        """A service that was suspended for an overdue invoice, and that staff lets run again."""
        service_id, invoice_id = self.order(domain, PRODUCTS[0])
        self.pay(invoice_id, 2990)
        self.activate(service_id, date(2026, 12, 10))
        self.invoice(new_id(), [self.line(service_id, 2990, domain)], due_in_days=-9)
        self.suspend(service_id)
        self.happen(
            billing.ServiceUnsuspended(
                service_id=service_id,
                unsuspended_on=TODAY,
                reason="overdue",
                suspended_on=date(2026, 11, 18),
                grace_ends_on=until,
            )
        )
        return service_id

    def suspend(self, service_id: UUID) -> None:
        self.happen(
            billing.ServiceSuspended(
                service_id=service_id, reason="overdue", suspended_on=date(2026, 11, 18)
            )
        )

    def ticket(self, subject: str, *, department: str = "support") -> UUID:
        ticket_id = new_id()
        self.happen(
            tickets.TicketOpened(
                ticket_id=ticket_id,
                number=f"TKT-{next(self.numbers):06d}",
                department=department,
                priority="medium",
                service_id=None,
                author="Maria Souza",
                subject=subject,
                message="Olá,\n\nmeu site mostra um erro 500 desde hoje cedo.\n\nObrigada!",
            )
        )
        return ticket_id

    def answer(self, ticket_id: UUID, message: str, *, side: str = "staff") -> None:
        author = "Equipe Ponto" if side == "staff" else "Maria Souza"
        self.happen(
            tickets.TicketReplied(ticket_id=ticket_id, side=side, author=author, message=message)
        )

    def email(self, template: str, subject: str, *, cause: UUID) -> None:
        self.happen(
            notifications.EmailSent(
                message_id=new_id(),
                template=template,
                cause_id=cause,
                language="pt-BR",
                recipient="maria@example.com",
                subject=subject,
            )
        )


def empty() -> World:
    """A client who has just confirmed the address."""
    world = World().found_brand().on(TODAY)
    return world.register()


def normal() -> World:
    """An active service, one being set up, an overdue invoice, a paid one, an answered ticket."""
    world = World().found_brand().on(date(2026, 9, 1)).register()
    service_id, invoice_id = world.order("floricultura-souza.com.br", PRODUCTS[0])
    world.pay(invoice_id, 2990)
    world.activate(service_id, date(2026, 12, 1))
    world.on(date(2026, 11, 12))
    world.invoice(new_id(), [world.line(service_id, 2990, "floricultura-souza.com.br")])
    world.on(date(2026, 11, 18))
    ticket_id = world.ticket("Erro 500 no site")
    world.answer(ticket_id, "Olá, Maria!\n\nEra um plugin desatualizado; já está no ar de novo.")
    world.on(date(2026, 11, 20))
    world.order("receitas-da-maria.com.br", PRODUCTS[1])
    return world


def worst() -> World:
    """200 invoices, names of 80 characters, amounts in the millions, a suspension, long texts."""
    world = World().found_brand().on(date(2025, 1, 2))
    world.register(LONG_NAME, "contato.financeiro.corporativo@embarcacoes-conceicao.example.com")
    service_id, invoice_id = world.order(LONG_DOMAIN, PRODUCTS[2])
    world.pay(invoice_id, 11990)
    world.activate(service_id, date(2026, 12, 1))
    for number in range(200):
        world.on(date(2025, 2, 1) + timedelta(days=3 * number))
        line = world.line(service_id, 123_456_789 if number % 3 else 2990, LONG_DOMAIN)
        issued = world.invoice(new_id(), [line])
        if number < 190:
            world.pay(issued, line.net_minor)
    world.on(date(2026, 11, 15))
    lines = [world.line(service_id, 123_456_789 - place, LONG_DOMAIN) for place in range(12)]
    world.invoice(new_id(), lines, due_in_days=2)
    world.suspend(service_id)
    ticket_id = world.ticket(("Não consigo " + "acessar " * 12)[:120], department="billing")
    world.answer(ticket_id, "a" * 300 + "\n" + "linha\n" * 40)
    world.answer(ticket_id, "Ainda não.", side="client")
    return world


def busy() -> World:
    """Everything on its way: a payment, one that failed, a set-up, a refusal, a warning."""
    world = World().found_brand().on(date(2026, 11, 10)).register()
    paid_service, paid = world.order("pronto.com.br", PRODUCTS[0])
    world.pay(paid, 2990)
    world.activate(paid_service, date(2026, 12, 10))
    warned = world.invoice(new_id(), [world.line(paid_service, 2990, "pronto.com.br")])
    world.on(date(2026, 11, 19))
    world.happen(
        billing.SuspensionWarned(
            service_id=paid_service,
            invoice_id=warned,
            invoice_number="PON-2026-000009",
            suspends_on=date(2026, 11, 24),
        )
    )
    world.on(TODAY)
    world.let_run("mantido.com.br", until=date(2026, 11, 30))
    setting_up, first = world.order("em-ativacao.com.br", PRODUCTS[1])
    world.pay(first, 5990)
    world.happen(world.asked(setting_up, "create"))
    refused, second = world.order("recusado.com.br", PRODUCTS[0])
    world.pay(second, 2990)
    asked = world.asked(refused, "create")
    world.happen(asked)
    world.happen(
        billing.ProvisioningFailed(
            service_id=refused, request_id=asked.request_id, action="create", reason="domain_taken"
        )
    )
    _, failed = world.order("sem-saldo.com.br", PRODUCTS[0])
    payment_id = world.start_payment(failed, 2990)
    world.happen(
        billing.PaymentFailed(payment_id=payment_id, invoice_id=failed, reason="card_declined")
    )
    _, pending = world.order("boleto-a-caminho.com.br", PRODUCTS[2])
    payment_id = world.start_payment(pending, 11990, method="boleto")
    world.happen(billing.PaymentPending(payment_id=payment_id, invoice_id=pending))
    return world


def owing() -> World:
    """Each way to pay as it is begun: a PIX code, a boleto, a late one, several at once, credit, a
    code for more of it, a charge to confirm; cards of every kind."""
    world = World().found_brand().on(date(2026, 11, 1)).register()
    service_id, first = world.order("pix.com.br", PRODUCTS[0])
    _, late = world.order("boleto-atrasado.com.br", PRODUCTS[1])
    payment_id = world.start_payment(late, 5990, method="boleto")
    world.happen(boleto(payment_id, late, minor=5990, due_on=date(2026, 11, 8)))
    world.on(date(2026, 11, 20))
    payment_id = world.start_payment(first, 2990, method="pix")
    world.happen(pix_code(payment_id, first, minor=2990))
    _, slip = world.order("boleto.com.br", PRODUCTS[2])
    payment_id = world.start_payment(slip, 11990, method="boleto")
    world.happen(boleto(payment_id, slip, minor=11990, due_on=date(2026, 11, 27)))
    _, confirmed = world.order("cartao.com.br", PRODUCTS[0])
    payment_id = world.start_payment(confirmed, 2990)
    world.happen(
        billing.PaymentConfirmationWanted(
            payment_id=payment_id, invoice_id=confirmed, amount_minor=2990, currency="BRL"
        )
    )
    both = [world.invoice(new_id(), [world.line(service_id, 990, "x.com.br")]) for _ in "ab"]
    world.start_payment(both[0], 1980, further=both[1:])
    topped_up = world.start_payment(new_id(), 5000, purpose="top_up")
    world.happen(
        billing.CreditAdded(
            amount_minor=5000, currency="BRL", reason="top_up", payment_id=topped_up
        )
    )
    world.happen(
        billing.CreditApplied(
            application_id=new_id(), invoice_id=both[1], amount_minor=400, currency="BRL"
        )
    )
    waiting = world.start_payment(top_up := new_id(), 15000, method="pix", purpose="top_up")
    world.happen(pix_code(waiting, top_up, minor=15000))
    for place, expires_on in enumerate([date(2028, 2, 29), date(2026, 10, 31), None]):
        world.save_card(f"424{place}", expires_on, is_default=not place)
    world.happen(billing.AutopayChanged(is_on=False))
    return world


def boleto(payment_id: UUID, invoice_id: UUID, *, minor: int, due_on: date) -> billing.BoletoIssued:
    return billing.BoletoIssued(
        boleto_id=new_id(),
        payment_id=payment_id,
        invoice_id=invoice_id,
        bank="237",
        bank_account="main",
        numbered_by="237",
        sequence=52,
        own_number="000000005255",
        barcode="23791160000000029900045090000000052550007348",
        line="23790.04520 90000.000529 55000.734809 1 16000000002990",
        amount_minor=minor,
        currency="BRL",
        due_on=due_on,
        payable_until=due_on + timedelta(days=30),
    )


def pix_code(payment_id: UUID, invoice_id: UUID, *, minor: int) -> billing.PixCodeIssued:
    return billing.PixCodeIssued(
        payment_id=payment_id,
        invoice_id=invoice_id,
        txid="0193900000007000800000000000000f",
        is_static=False,
        copy_and_paste=PIX_CODE,
        amount_minor=minor,
        currency="BRL",
        expires_at=NOW + timedelta(days=1),
    )


PIX_CODE = (
    "00020101021226790014br.gov.bcb.pix2557pix.example/v2/019390000000700080000000"
    "0000000f5204000053039865802BR5916Ponto Hospedagem6013Florianopolis62070503***6304ABCD"
)
STATES = {"empty": empty, "normal": normal, "busy": busy, "owing": owing, "worst": worst}
