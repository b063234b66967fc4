"""Papers as PDF: what stands on them, that codes can be read, that strangers' text does no harm."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pytest
import zxingcpp
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from lxml import etree

from services.billing import documents
from services.billing.documents.cii import as_cii
from services.billing.documents.codes import boleto_bars, qr_code
from services.billing.documents.en16931 import electronic_invoice
from services.billing.documents.factur_x import NAMESPACE, as_factur_x
from services.billing.documents.paper import InvoicePaper, Paper, Party
from services.billing.documents.printable import UNKNOWN, plain, printable
from services.billing.documents.typefaces import fonts, shown_characters
from services.billing.documents.typesetting import typeset
from services.billing.documents.wording import CATALOGUES
from services.billing.tax.brand_taxes import BrandTaxes
from services.billing.tax.tax import TaxClass, TaxMode, TaxRate
from tests.billing.codes_read import DOTS_PER_INCH, codes_on, pages, text_of
from tests.billing.papers import (
    ANA,
    BOLETO_LINE,
    EWA,
    HANS,
    PIX,
    advised,
    boleto_paper,
    credit_note_paper,
    invoice_paper,
    line,
    receipt_paper,
    taxed,
    taxed_paper,
)

LANGUAGES = ("pt-BR", "es", "pl", "ru", "en")
VAT = TaxRate(name="VAT", percent=Decimal(23), country="PL")
REDUCED = TaxRate(name="VAT", percent=Decimal(8), country="PL", tax_class=TaxClass.REDUCED)
POLISH = BrandTaxes(mode=TaxMode.EXCLUSIVE, seller_country="PL", rates=[VAT, REDUCED])


def papers(language: str) -> dict[str, Paper]:
    invoice = invoice_paper(language)
    return {
        "invoice": advised(invoice),
        "pro forma": replace(invoice, is_pro_forma=True),
        "credit note": credit_note_paper(invoice),
        "receipt": receipt_paper(language),
    }


# ------------------------------------------------------------------------------ what stands there

EXPECTED = {
    "pt-BR": ("Fatura", "21/11/2026", "R$ 29,90", "Total a pagar até 05/12/2026", "Página 1 de 1"),
    "es": ("Factura", "21 nov 2026", "29,90 US$", "Total a pagar hasta el 5 dic 2026",
           "Página 1 de 1"),
    "pl": ("Faktura", "21.11.2026", "29,90 zł", "Do zapłaty do 5.12.2026", "Strona 1 z 1"),
    "ru": ("Счёт", "21.11.2026", "29,90 ₽", "К оплате до 05.12.2026", "Страница 1 из 1"),
    "en": ("Invoice", "Nov 21, 2026", "R$29.90", "Amount due by Dec 5, 2026", "Page 1 of 1"),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invoice_speaks_the_accounts_language(language: str) -> None:
    paper = invoice_paper(language)
    text = text_of(typeset(paper))
    for words in (*EXPECTED[language], paper.number, paper.buyer.name, paper.seller.name):
        assert words in text, text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_paper_is_tagged_pdf_a_3_in_its_language(language: str) -> None:
    for paper in papers(language).values():
        root: Any = pypdf.PdfReader(BytesIO(typeset(paper))).root_object
        metadata = root["/Metadata"].get_object().get_data().decode()
        assert "<pdfaid:part>3</pdfaid:part>" in metadata
        assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
        assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
        assert root["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in root
        assert root["/Lang"] == language


def test_a_boleto_has_what_the_bank_and_the_payer_read() -> None:
    text = text_of(typeset(boleto_paper()))
    for words in (BOLETO_LINE, "001-9", "05/12/2026", "R$ 1,00", "CPF 529.982.247-25",
                  "Recibo do pagador", "Ficha de compensação", "multa de 2,00%"):  # fmt: skip
        assert words in text, text
    assert "Segunda via" not in text


def test_a_duplicate_says_so_and_what_being_late_costs() -> None:
    late = boleto_paper(
        is_duplicate=True, additions_minor=35, charged_minor=135, reductions_minor=None
    )
    text = text_of(typeset(late))
    assert "Segunda via" in text
    assert text.count("R$ 0,35") == text.count("R$ 1,35") == 2, "on both parts"


def test_a_credit_note_names_its_invoice_its_reason_and_what_becomes_credit() -> None:
    text = text_of(typeset(credit_note_paper(invoice_paper("es"), language="es")))
    for words in ("Nota de crédito", "PON-C-2026-000003", "PON-2026-000042", "29,90 US$",
                  "Motivo: Charged twice", "pasa al saldo de su cuenta"):  # fmt: skip
        assert words in text, text


def test_a_receipt_says_how_money_came_and_what_it_settled() -> None:
    text = text_of(typeset(receipt_paper("pl")))
    for words in ("Potwierdzenie wpłaty", "50,00 zł", "Faktura PON-2026-000042", "29,90 zł",
                  "Środki na koncie", "20,10 zł", "E00038166201907261559y6j6mt9l0pi"):  # fmt: skip
        assert words in text, text


def test_taxes_stand_by_rate_with_their_sums() -> None:
    lines = [line(10000), line(2500, tax_category="reduced")]
    text = text_of(typeset(taxed_paper(taxed(lines, POLISH, EWA), language="pl", currency="PLN")))
    for words in ("23%", "8%", "100,00 zł", "23,00 zł", "25,00 zł", "2,00 zł", "150,00 zł",
                  "Wartość netto", "Kwota podatku", "Wartość brutto"):  # fmt: skip
        assert words in text, text


def test_a_tax_that_the_price_contains_is_shown_and_not_added() -> None:
    iss = TaxRate(name="ISS", percent=Decimal(5), country="BR", is_informative=True)
    brazil = BrandTaxes(mode=TaxMode.EXCLUSIVE, seller_country="BR", rates=[iss])
    text = text_of(typeset(taxed_paper(taxed([line(600000)], brazil, ANA))))
    for words in ("ISS", "contido no preço", "5%", "R$ 300,00", "R$ 6.000,00",
                  "ISS of 5% is contained in the price and is not added to it."):  # fmt: skip
        assert words in text, text
    for words in ("R$ 6.300,00", "R$ 5.700,00", "Valor líquido", "Os valores incluem"):
        assert words not in text, text


def test_a_reverse_charge_shows_the_laws_sentence_both_tax_numbers_and_no_tax() -> None:
    found = taxed([line(10000)], POLISH, HANS)
    text = text_of(typeset(taxed_paper(found, language="en", buyer=HANS, currency="EUR")))
    for words in ("Reverse charge: VAT is to be accounted for by the recipient", "DE136695976",
                  "11.222.333/0001-81", "€100.00", "0%"):  # fmt: skip
        assert words in text, text
    assert "€123.00" not in text


def test_what_is_paid_asks_for_nothing_and_tells_when() -> None:
    paid = replace(
        advised(invoice_paper("en")),
        status="paid",
        paid_on=date(2026, 11, 30),
        settled_minor=2990,
    )
    pdf = typeset(paid)
    text = text_of(pdf)
    assert "Paid on Nov 30, 2026" in text
    assert "How to pay" not in text and "Amount due by" not in text
    assert codes_on(pdf) == {}, "nobody pays it twice from an old paper"


def test_a_part_that_is_paid_is_taken_off_what_is_asked_for() -> None:
    text = text_of(typeset(replace(invoice_paper("en"), settled_minor=990)))
    assert "Amount due by Dec 5, 2026 R$20.00" in text
    assert "Paid or credited −R$9.90" in text


@pytest.mark.parametrize("language", ["es", "pl", "pt_BR", "ru"])
def test_every_language_has_every_word(language: str) -> None:
    folder = Path(documents.__file__).parent

    def catalogue(name: str) -> Catalog:
        path = folder / "locale" / name / "LC_MESSAGES" / "messages.po"
        with path.open("rb") as file:
            return read_po(file, locale=name, abort_invalid=True)

    known = {str(each.id): each for each in catalogue(language) if each.id}
    assert all(each.string for each in known.values())
    assert known.keys() == {str(each.id) for each in catalogue("pt_BR") if each.id}
    sources = "".join(path.read_text() for path in folder.glob("*.py"))
    said = set(re.findall(r'(?:say|fact|party)\(\s*"([^"]+)"', sources))
    assert len(said) > 20 and said <= known.keys()
    unused = {each for each in known if f'"{each}"' not in sources}
    assert not unused


# ------------------------------------------------------------------------------------ many pages


def test_many_lines_go_over_pages_that_are_counted() -> None:
    paper = invoice_paper("en", lines=tuple(line(100 + n, f"Line {n} –") for n in range(200)))
    pdf = typeset(paper)
    count = len(pages(pdf))
    text = text_of(pdf)
    assert count > 4
    assert all(f"Page {page} of {count}" in text for page in range(1, count + 1))
    assert all(f"Line {n} –" in text for n in range(200)), "every line is there"
    assert text.count("Invoice PON-2026-000042") == count, "each page says whose it is"
    assert text.count("Unit price") == count, "each page has the headings of its columns"
    assert "R$399.00" in text, "the total is their sum"


# --------------------------------------------------------------------------------- codes are read


def test_the_pix_code_on_an_invoice_can_be_scanned_and_copied() -> None:
    pdf = typeset(advised(invoice_paper()))
    assert codes_on(pdf) == {"QR Code": PIX}
    assert PIX.replace(" ", "") in text_of(pdf).replace(" ", ""), "without a mark in between"


def test_both_codes_of_a_boleto_can_be_scanned() -> None:
    paper = boleto_paper()
    assert codes_on(typeset(paper)) == {"QR Code": PIX, "ITF": paper.barcode}
    assert len(paper.barcode) == 44


def test_the_bars_of_a_boleto_are_as_large_as_banks_want_them() -> None:
    """FEBRABAN: 103 mm by 13 mm."""
    (page,) = pages(typeset(boleto_paper(pix_code="")))
    bitmap = page.render(scale=DOTS_PER_INCH / 72, grayscale=True)
    grey = memoryview(bitmap.buffer).cast("B")[: bitmap.stride * bitmap.height]
    (code,) = zxingcpp.read_barcodes(grey.cast("B", (bitmap.height, bitmap.stride)))
    where = code.position
    width_mm = (where.top_right.x - where.top_left.x) * 25.4 / DOTS_PER_INCH
    assert width_mm == pytest.approx(103, abs=1)


def test_a_qr_code_takes_the_longest_text_of_a_br_code() -> None:
    assert "M4 4h7" in qr_code("A" * 512)


def test_the_bars_are_drawn_as_they_are_reckoned() -> None:
    assert 'viewBox="0 0 405 1"' in boleto_bars(boleto_paper().barcode)


# ------------------------------------------------------------------------------ always the same


@pytest.mark.parametrize("kind", ["invoice", "pro forma", "credit note", "receipt"])
def test_the_same_paper_gives_the_same_bytes(kind: str) -> None:
    paper = papers("ru")[kind]
    first = typeset(paper)
    assert typeset(receipt_paper(number="X-1")) != first
    assert typeset(paper) == first


def test_a_boleto_and_a_factur_x_are_the_same_bytes_again() -> None:
    assert typeset(boleto_paper()) == typeset(boleto_paper())
    assert factur_x(invoice_paper()) == factur_x(invoice_paper())


def factur_x(paper: InvoicePaper) -> bytes:
    return as_factur_x(typeset(paper, attachment=as_cii(electronic_invoice(paper))))


def test_the_electronic_invoice_goes_along_and_is_declared() -> None:
    import facturx

    paper = taxed_paper(taxed([line(10000)], POLISH, EWA), language="pl", buyer=EWA)
    pdf = factur_x(paper)
    name, xml = facturx.get_xml_from_pdf(pdf)
    assert (name, xml.decode()) == ("factur-x.xml", as_cii(electronic_invoice(paper)))
    assert facturx.get_level(etree.fromstring(xml)) == "en16931"
    reader = pypdf.PdfReader(BytesIO(pdf))
    root: Any = reader.root_object
    metadata = root["/Metadata"].get_object().get_data().decode()
    assert metadata.count("<pdfaExtension:schemas>") == 1
    assert "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>" in metadata
    assert metadata.count(NAMESPACE) == 2
    (attached,) = root["/AF"]
    assert attached.get_object()["/AFRelationship"] == "/Alternative"
    assert text_of(pdf) == text_of(typeset(paper)), "people read the same"


# ------------------------------------------------------------------------- text of strangers

MARKUP = '#panic("x") = Head *bold* $1/0$ `raw` <label> @ref #include "/etc/passwd" \\ // no'
TURNED = "Ana \N{RIGHT-TO-LEFT OVERRIDE}0,01 $R\N{POP DIRECTIONAL FORMATTING} שלום مرحبا"
HOSTILE = {
    "markup": MARKUP,
    "turned": TURNED,
    "long without a blank": "W" * 10_000,
    "long with blanks": "word " * 2_000,
    "from everywhere": "日本語 \U0001f9ff \ue000 \ufffe a\u0301 \u200b \x00\x1b[31m",
    "lines": "\n".join(["line"] * 300),
    "template": "{page} {pages} %(number)s %s {{ x }}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_text_of_strangers_is_printed_and_does_nothing(name: str) -> None:
    text = HOSTILE[name]
    who = Party(name=text, address=(text, "PL"), tax_id=text[:40], country="PL")
    paper = invoice_paper(
        "en",
        buyer=who,
        lines=(line(100, text),),
        notes=(text,),
        number="N" + text[:60],
    )
    hostile: tuple[Paper, ...] = (
        advised(paper),
        credit_note_paper(paper, reason=text),
        receipt_paper(buyer=who, method=text, reference=text),
        boleto_paper(payer=who, instructions=(text,), place_of_payment=text),
    )
    for each in hostile:
        pdf = typeset(each)
        assert typeset(each) == pdf
        assert not {"\N{RIGHT-TO-LEFT OVERRIDE}", "\x1b"} & set(text_of(pdf))


def test_markup_is_read_as_it_was_written() -> None:
    text = text_of(typeset(invoice_paper("en", lines=(line(100, MARKUP),))))
    assert MARKUP in text


def test_a_long_word_stays_within_its_column() -> None:
    """A name of ten thousand letters goes on line by line; nothing runs out of the page."""
    pdf = typeset(invoice_paper("en", buyer=replace(ANA, name="W" * 10_000)))
    assert text_of(pdf).count("W") == 10_000
    for page in pages(pdf):
        width = page.get_width()
        textpage = page.get_textpage()
        boxes = [textpage.get_charbox(at) for at in range(textpage.count_chars())]
        assert all(left >= 0 and right <= width for left, _, right, _ in boxes)


def test_marks_of_direction_are_taken_out_and_letters_stay() -> None:
    assert printable(TURNED) == "Ana 0,01 $R שלום مرحبا"
    assert plain(TURNED) == "Ana 0,01 $R שלום مرحبا"


def test_what_no_font_has_is_shown_as_a_box() -> None:
    assert printable("日本 a\x00b") == f"{UNKNOWN}{UNKNOWN} ab"
    assert ord(UNKNOWN) in shown_characters()


def test_the_fonts_have_the_letters_of_all_languages() -> None:
    letters = "ãçéñóáüàêÃÇąćęłńóśźżĄĆĘŁŃÓŚŹŻёйщъыьэЁЙЩЪЫЬЭőűŐŰ₽€№«»„”–−¿¡º"
    assert {ord(letter) for letter in letters} <= shown_characters()
    assert {"Inter", "DejaVu Sans"} <= {*fonts().families()}


def test_no_language_is_without_its_own_words() -> None:
    assert {*CATALOGUES.languages} == {*LANGUAGES}
