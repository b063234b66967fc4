"""A boleto in words: the fields of FEBRABAN's ficha de compensação, always in Portuguese.

Source: FEBRABAN, Layout padrão do boleto de cobrança; Circular BCB 3.956 for its contents.
"""

from services.billing.documents.codes import boleto_bars
from services.billing.documents.letters import pix_picture
from services.billing.documents.paper import BoletoPaper, Party
from services.billing.documents.printable import printable
from services.billing.documents.sheet import Fact, Picture, Slip
from services.billing.documents.wording import Wording, house_facts, tax_number_name

LANGUAGE = "pt-BR"
CURRENCY = "BRL"


def boleto_slip(paper: BoletoPaper) -> Slip:
    """Receipt of the payer and ficha de compensação. Errors: BoletoInvalid for the barcode."""
    wording = Wording.of(LANGUAGE, CURRENCY)
    words = {
        "receipt": "Recibo do pagador",
        "duplicate": "Segunda via" if paper.is_duplicate else "",
        "authentication": "Autenticação mecânica",
        "form": "Ficha de compensação",
        "cut": "Corte na linha pontilhada",
        "instructions": "Instruções (texto de responsabilidade do beneficiário)",
    }
    return Slip(
        template="boleto.typ",
        title=printable(f"Boleto {paper.document_number}"),
        subject=printable(paper.house.name),
        day=paper.processed_on,
        fields=_fields(paper, wording),
        words=words,
        instructions=[printable(each) for each in paper.instructions],
        bank_code=printable(paper.bank_code),
        bank_name=printable(paper.bank_name),
        typeable_line=printable(paper.typeable_line),
        barcode=Picture(
            svg=boleto_bars(paper.barcode), says=f"Código de barras do boleto: {paper.barcode}"
        ),
        picture=pix_picture(paper.pix_code, wording) if paper.pix_code else None,
        **house_facts(paper.house, wording),
    )


def _fields(paper: BoletoPaper, wording: Wording) -> dict[str, Fact]:
    """The fields of the form, by the name under which the template places them."""
    texts = {
        "place_of_payment": ("Local de pagamento", paper.place_of_payment),
        "beneficiary": ("Beneficiário", _on_one_line(paper.beneficiary)),
        "payer": ("Pagador", _on_one_line(paper.payer)),
        "branch_and_account": ("Agência / Código do beneficiário", paper.branch_and_account),
        "own_number": ("Nosso número", paper.own_number),
        "document_number": ("Nº do documento", paper.document_number),
        "document_kind": ("Espécie doc.", paper.document_kind),
        "acceptance": ("Aceite", paper.acceptance),
        "wallet": ("Carteira", paper.wallet),
        "currency": ("Espécie moeda", "R$"),
        "quantity": ("Quantidade", ""),
        "unit_value": ("Valor moeda", ""),
    }
    days = {
        "issued_on": ("Data do documento", paper.issued_on),
        "processed_on": ("Data do processamento", paper.processed_on),
        "due_on": ("Vencimento", paper.due_on),
    }
    amounts = {
        "amount": ("(=) Valor do documento", paper.amount_minor),
        "reductions": ("(-) Descontos / Abatimentos", paper.reductions_minor),
        "additions": ("(+) Juros / Multa", paper.additions_minor),
        "charged": ("(=) Valor cobrado", paper.charged_minor),
    }
    return {
        **{name: Fact(label, printable(text)) for name, (label, text) in texts.items()},
        **{name: Fact(label, wording.day(day)) for name, (label, day) in days.items()},
        **{name: Fact(label, _amount(minor, wording)) for name, (label, minor) in amounts.items()},
    }


def _amount(minor: int | None, wording: Wording) -> str:
    return "" if minor is None else wording.money(minor)


def _on_one_line(party: Party) -> str:
    """Name, tax number and address, as the form has one field for them."""
    number = f"{tax_number_name(party)} {party.tax_id}".strip() if party.tax_id else ""
    lines = [line for text in party.address for line in text.splitlines()]
    if lines and lines[-1].strip() == "BR":
        lines.pop()
    head = " – ".join(part for part in (party.name, number) if part)
    return " – ".join(part for part in (head, ", ".join(lines)) if part)
