"""Tryton's part of `bench.ledgers`: invoices created, posted, paid and reconciled by its server.

Run by the Python of Tryton's own environment: `python -m bench.peers.tryton_invoices SERVER
DATABASE`, where DATABASE is empty; see `rounds`. There is no HTTP and no client: the models are
called in this process as its server calls them, each stage a transaction of 100 invoices.

Whatever Tryton can do for many at once is done so. It pays by the method `pay_invoice`, one
invoice at a time, which books a move of its own ("one by one"); "together" does what that method
does by the models' methods for many. Two things are left out that it does by default: the report
of a posted invoice is not rendered, and the queue, by which it marks invoices as paid, is written
but not worked off; what it would do is called once for all.
"""

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from copy import deepcopy
from decimal import Decimal
from typing import Any

from trytond import config

from bench.peers.rounds import SIZE, TOGETHER, play

NOBODY = 0
PARTIES = 50
NET, RATE, GROSS = Decimal("100.00"), Decimal("0.20"), Decimal("120.00")
OPEN_REVENUE = [("type.revenue", "=", True), ("closed", "!=", True)]


def installed(database: str) -> None:
    """Tryton's tables with the modules of invoices, in the empty database."""
    from trytond import admin

    admin.run(
        Namespace(
            database_names=[database],
            update=["account_invoice"],
            activatedeps=True,
            indexes=True,
            languages=[],
            update_modules_list=False,
            login="admin",
            administrator=True,
            active=True,
            email="",
            password=False,
            reset_password=True,
            hostname=None,
            export_translations=False,
            test_email=None,
            validate=None,
        )
    )


class Books:
    """A company with a chart of accounts, a year, a tax, and clients; ids of what is used."""

    def __init__(self, database: str) -> None:
        from trytond.pool import Pool

        self.database = database
        self.pool = Pool(database)
        self.extras: dict[str, Any] = {}
        """The locks that a transaction turned out to need: they are taken at once from then on."""
        self.context: dict[str, Any] = {}
        self.user = NOBODY
        self.user = self.run(self._administrator)
        self.context = self.run(self._found_company)

    def _administrator(self) -> int:
        (user,) = _ids(self.pool.get("res.user").search([("login", "=", "admin")]))
        return user

    def _found_company(self) -> dict[str, Any]:
        from trytond.modules.account.tests import create_chart, get_fiscalyear
        from trytond.modules.account_invoice.tests import set_invoice_sequences
        from trytond.modules.company.tests import create_company, set_company
        from trytond.transaction import Transaction

        company = create_company()
        with set_company(company):
            create_chart(company, tax=True)
            year = set_invoice_sequences(get_fiscalyear(company))
            year.save()
            type(year).create_period([year])
            self.company, self.currency = company.id, company.currency.id
            self._take_accounts()
            self._open_clients()
            return dict(Transaction().context, _skip_warnings=True)

    def _take_accounts(self) -> None:
        get = self.pool.get
        account = get("account.account")
        (self.revenue,) = _ids(account.search(OPEN_REVENUE, limit=1))
        (cash,) = _ids(account.search([("code", "=", "1.1.1")], limit=1))
        (self.tax,) = _ids(get("account.tax").search([], limit=1))
        (journal,) = get("account.journal").search([("type", "=", "cash")], limit=1)
        method = get("account.invoice.payment.method")(
            name="Cash", journal=journal, credit_account=cash, debit_account=cash
        )
        method.save()
        self.method = method.id
        term = get("account.invoice.payment_term")(name="Direct")
        term.lines = [get("account.invoice.payment_term.line")(type="remainder")]
        term.save()
        self.term = term.id

    def _open_clients(self) -> None:
        party = self.pool.get("party.party")
        clients: list[dict[str, Any]] = [
            {"name": f"Client {n}", "addresses": [("create", [{}])]} for n in range(PARTIES)
        ]
        self.clients = _ids(party.create(clients))

    def run(self, work: Callable[[], Any]) -> Any:
        """What `work` returns, committed; done again with the locks that it asks for.

        So does Tryton's server. A lock that was asked for once is taken at once ever after.
        """
        from trytond.transaction import Transaction, TransactionError

        while True:
            extras = deepcopy(self.extras)
            with Transaction().start(
                self.database, self.user, context=self.context, **extras
            ) as transaction:
                try:
                    result = work()
                except TransactionError as error:
                    transaction.rollback()
                    error.fix(self.extras)
                    continue
                return result

    # ----------------------------------------------------------------------------- the stages

    def create(self) -> list[int]:
        """See `Subject.create`."""
        ids: list[int] = self.run(self._create)
        return ids

    def post(self, invoices: Sequence[int], way: str) -> None:
        """See `Subject.post`: that is done for many in any case."""
        self.run(lambda: self._post(invoices))

    def pay(self, invoices: Sequence[int], way: str) -> None:
        """See `Subject.pay`."""
        pay = self._pay_together if way == TOGETHER else self._pay_one_by_one
        self.run(lambda: pay(invoices))

    def check(self, invoices: Sequence[int]) -> None:
        """See `Subject.check`."""
        self.run(lambda: self._check(invoices))

    def _create(self) -> list[int]:
        get = self.pool.get
        invoice_model, line_model = get("account.invoice"), get("account.invoice.line")
        invoices = []
        for number in range(SIZE):
            invoice = invoice_model(
                type="out",
                company=self.company,
                currency=self.currency,
                party=self.clients[number % PARTIES],
            )
            invoice.on_change_type()
            invoice.set_journal()
            invoice.on_change_party()
            invoice.payment_term = self.term
            invoice.lines = [
                line_model(
                    type="line",
                    invoice_type="out",
                    company=self.company,
                    currency=self.currency,
                    description="Hosting, one month",
                    quantity=1,
                    unit_price=NET,
                    account=self.revenue,
                    taxes=[self.tax],
                )
            ]
            invoices.append(invoice)
        invoice_model.save(invoices)
        return _ids(invoices)

    def _post(self, ids: Sequence[int]) -> None:
        invoice_model = self.pool.get("account.invoice")
        invoice_model.post(invoice_model.browse(ids))

    def _pay_one_by_one(self, ids: Sequence[int]) -> None:
        """By `pay_invoice`, which books a move and links it; then all are reconciled."""
        get = self.pool.get
        invoice_model, line_model = get("account.invoice"), get("account.move.line")
        method = get("account.invoice.payment.method")(self.method)
        invoices = invoice_model.browse(ids)
        pairs = []
        for invoice in invoices:
            owed, _ = invoice.get_reconcile_lines_for_amount(GROSS, invoice.currency)
            pairs.append(owed + invoice.pay_invoice(GROSS, method, self._today()))
        line_model.reconcile(*pairs)
        invoice_model.process(invoice_model.browse(ids))

    def _pay_together(self, ids: Sequence[int]) -> None:
        """What `pay_invoice` does, by the models' methods for many."""
        get = self.pool.get
        invoice_model, line_model = get("account.invoice"), get("account.move.line")
        move_model = get("account.move")
        invoices = invoice_model.browse(ids)
        moves = [self._payment_move(invoice) for invoice in invoices]
        move_model.save(moves)
        move_model.post(moves)
        paid = {
            invoice: [line for line in move.lines if line.account == invoice.account]
            for invoice, move in zip(invoices, moves, strict=True)
        }
        invoice_model.add_payment_lines(paid)
        owed = [
            invoice.get_reconcile_lines_for_amount(GROSS, invoice.currency)[0]
            for invoice in invoices
        ]
        line_model.reconcile(*(a + b for a, b in zip(owed, paid.values(), strict=True)))
        invoice_model.process(invoice_model.browse(ids))

    def _today(self) -> Any:
        return self.pool.get("ir.date").today()

    def _payment_move(self, invoice: Any) -> Any:
        get = self.pool.get
        line_model = get("account.move.line")
        method = get("account.invoice.payment.method")(self.method)
        cash = method.debit_account.current(date=self._today())
        lines = [
            line_model(account=invoice.account, debit=Decimal(0), credit=GROSS),
            line_model(account=cash, debit=GROSS, credit=Decimal(0)),
        ]
        for line in lines:
            if line.account.party_required:
                line.party = invoice.party
        return get("account.move")(
            journal=method.journal,
            period=get("account.period").find(invoice.company, date=self._today()),
            date=self._today(),
            origin=invoice,
            company=invoice.company,
            lines=lines,
        )

    def _check(self, ids: Sequence[int]) -> None:
        invoices = self.pool.get("account.invoice").browse(ids)
        assert {invoice.state for invoice in invoices} == {"paid"}, "every invoice is paid"
        assert len({invoice.number for invoice in invoices}) == len(ids), "each has its number"
        assert all(invoice.total_amount == GROSS for invoice in invoices), "each with its tax"
        for invoice in invoices:
            posted = [invoice.move, *{line.move for line in invoice.payment_lines}]
            assert len(posted) == 2, "an invoice and its payment are posted"
            lines = [line for move in posted for line in move.lines]
            assert sum(line.debit - line.credit for line in lines) == 0, "the journal balances"
            assert len(lines) == 5, "receivable, revenue, tax; cash, receivable"


def _ids(records: Sequence[Any]) -> list[int]:
    return [record.id for record in records]


def main(server: str, database: str) -> None:
    """Install, found the company, and play the rounds that are asked for."""
    config.set("database", "uri", server)
    config.set("queue", "worker", "True")
    installed(database)
    play(Books(database))


if __name__ == "__main__":
    main(*sys.argv[1:])
