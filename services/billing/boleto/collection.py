"""How a bank collects for a beneficiary: what all five banks have in common."""

from datetime import date
from typing import ClassVar, Protocol

from services.billing.boleto.banks.banco_do_brasil import BancoDoBrasilCollection
from services.billing.boleto.banks.bradesco import BradescoCollection
from services.billing.boleto.banks.caixa import CaixaCollection
from services.billing.boleto.banks.itau import ItauCollection
from services.billing.boleto.banks.santander import SantanderCollection
from services.billing.boleto.barcode import Barcode


class Collection(Protocol):
    """An agreement with a bank, under which boletos are numbered."""

    BANK: ClassVar[str]

    def own_number(self, sequence: int) -> str:
        """The "nosso número" of a boleto, as the bank's return files name it."""
        ...

    def printed_own_number(self, sequence: int) -> str:
        """The same as it stands on the slip."""
        ...

    def free_field(self, sequence: int) -> str:
        """Positions 20 to 44 of the barcode, which are the bank's."""
        ...


COLLECTIONS: dict[str, type[Collection]] = {
    "001": BancoDoBrasilCollection,
    "033": SantanderCollection,
    "104": CaixaCollection,
    "237": BradescoCollection,
    "341": ItauCollection,
}
"""The banks that boletos can be issued by. Those of all others can be read."""


def boleto(collection: Collection, sequence: int, *, due_on: date, amount_minor: int) -> Barcode:
    """The boleto of a number, a due date and an amount (centavos). Errors: BoletoInvalid.

    >>> itau = ItauCollection(wallet="109", branch="1248", account="2124")
    >>> boleto(itau, 10152, due_on=date(2029, 5, 20), amount_minor=675787).line
    '34191.09008 01015.271248 80212.460002 4 25480000675787'
    """
    return Barcode.of(
        bank=collection.BANK,
        due_on=due_on,
        amount_minor=amount_minor,
        free_field=collection.free_field(sequence),
    )
