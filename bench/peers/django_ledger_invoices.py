"""django-ledger's part of `bench.ledgers`: invoices created, approved and paid by its models.

Run by the Python of django-ledger's own environment: `python -m bench.peers.django_ledger_invoices
SERVER DATABASE`, where DATABASE is empty; see `rounds`. There is no HTTP: the models are called in
this process.

The library gives an invoice its number in a transaction that must be the outermost one (`durable`),
so drafts cannot share one. What follows a draft may: "together" reviews, approves and pays 100
invoices in a transaction each, "one by one" commits each step, as a view of the library does. It
knows no taxes: the tax is an item of its own that is earned into an account of its own, so that
the journal has the same entries. Approval books the invoice by accrual and posts its ledger;
payment books cash against the receivable, which is all the reconciliation there is.
"""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings

from bench.peers.rounds import SIZE, TOGETHER, play

CUSTOMERS = 50
NET, TAX, GROSS = Decimal("100.00"), Decimal("20.00"), Decimal("120.00")


def configure(server: str, database: str) -> None:
    """Django with this library alone, on the database."""
    place = urlsplit(server)
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": f"django.db.backends.{place.scheme}",
                "HOST": place.hostname or "",
                "PORT": place.port or "",
                "USER": place.username or "",
                "PASSWORD": place.password or "",
                "NAME": database,
            }
        },
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django_ledger",
        ],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()


class Books:
    """An entity with a chart of accounts, two items, and customers."""

    def __init__(self) -> None:
        from django.contrib.auth import get_user_model
        from django.core.management import call_command
        from django_ledger.models import EntityModel

        call_command("migrate", verbosity=0)
        self.user = get_user_model().objects.create_user(username="bench")
        self.entity = EntityModel.create_entity(
            name="Bench", use_accrual_method=True, admin=self.user, fy_start_month=1
        )
        self.entity.save()
        self.entity.populate_default_coa(activate_accounts=True)
        self._take_accounts()
        self.items = [self._item("Hosting", self.revenue), self._item("Tax", self.tax)]
        self.customers = [
            self.entity.create_customer({"customer_name": f"Client {number}"})
            for number in range(CUSTOMERS)
        ]

    def _take_accounts(self) -> None:
        from django_ledger.io import roles

        accounts = self.entity.get_coa_accounts(active=True)

        def first(role: str) -> Any:
            return accounts.filter(role=role).order_by("code").first()

        self.accounts = {
            "cash_account": first(roles.ASSET_CA_CASH),
            "prepaid_account": first(roles.ASSET_CA_RECEIVABLES),
            "payable_account": first(roles.LIABILITY_CL_DEFERRED_REVENUE),
        }
        self.revenue = first(roles.INCOME_OPERATIONAL)
        self.tax = first(roles.LIABILITY_CL_OTHER)

    def _item(self, name: str, account: Any) -> Any:
        from django_ledger.models import ItemModel

        unit = self.entity.create_uom(name=f"Month of {name}", unit_abbr=name[:3].lower())
        item = ItemModel(
            entity=self.entity,
            name=name,
            uom=unit,
            item_role=ItemModel.ITEM_ROLE_SERVICE,
            item_type=ItemModel.ITEM_TYPE_LABOR,
            earnings_account=account,
            is_product_or_service=True,
            for_inventory=False,
        )
        item.save()
        return item

    # ----------------------------------------------------------------------------- the stages

    def create(self) -> list[Any]:
        """See `Subject.create`."""
        from django_ledger.models import ItemTransactionModel

        drafts = [
            self.entity.create_invoice(
                customer_model=self.customers[number % CUSTOMERS],
                terms="on_receipt",
                additional_info={},
                **self.accounts,
            )
            for number in range(SIZE)
        ]
        with _atomic():
            lines = ItemTransactionModel.objects.bulk_create(
                [line for draft in drafts for line in self._lines(draft)]
            )
            for place, draft in enumerate(drafts):
                draft.update_amount_due(itemtxs_qs=lines[2 * place : 2 * place + 2])
                draft.clean()
                draft.save()
        return drafts

    def _lines(self, draft: Any) -> list[Any]:
        from django_ledger.models import ItemTransactionModel

        lines = [
            ItemTransactionModel(
                invoice_model=draft, item_model=item, quantity=1.0, unit_cost=float(amount)
            )
            for item, amount in zip(self.items, (NET, TAX), strict=True)
        ]
        for line in lines:
            line.clean()
        return lines

    def post(self, invoices: Sequence[Any], way: str) -> None:
        """See `Subject.post`."""
        with _atomic() if way == TOGETHER else nullcontext():
            for invoice in invoices:
                invoice.mark_as_review(commit=True)
                invoice.mark_as_approved(
                    entity_slug=self.entity.slug, user_model=self.user, commit=True
                )

    def pay(self, invoices: Sequence[Any], way: str) -> None:
        """See `Subject.pay`."""
        with _atomic() if way == TOGETHER else nullcontext():
            for invoice in invoices:
                invoice.mark_as_paid(
                    entity_slug=self.entity.slug, user_model=self.user, commit=True
                )

    def check(self, invoices: Sequence[Any]) -> None:
        """See `Subject.check`."""
        from django_ledger.models import InvoiceModel, TransactionModel

        ids = [invoice.uuid for invoice in invoices]
        kept = list(InvoiceModel.objects.filter(uuid__in=ids))
        assert {invoice.invoice_status for invoice in kept} == {InvoiceModel.INVOICE_STATUS_PAID}
        assert len({invoice.invoice_number for invoice in kept}) == len(ids), "each has its number"
        assert all(invoice.amount_paid == GROSS for invoice in kept), "each with its tax"
        for invoice in kept:
            booked = TransactionModel.objects.filter(
                journal_entry__ledger_id=invoice.ledger_id, journal_entry__posted=True
            )
            sides = [tx.amount if tx.tx_type == "debit" else -tx.amount for tx in booked]
            assert sum(sides) == 0, "the journal balances"
            assert len(sides) == 5, "receivable, revenue, tax; cash, receivable"


def _atomic() -> Any:
    from django.db import transaction

    return transaction.atomic()


def main(server: str, database: str) -> None:
    """Migrate, found the entity, and play the rounds that are asked for."""
    configure(server, database)
    play(Books())


if __name__ == "__main__":
    main(*sys.argv[1:])
