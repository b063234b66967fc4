"""An electronic invoice in UBL 2.1 (OASIS), one of the two syntaxes of EN 16931."""

from xml.etree.ElementTree import Element

from services.billing.documents.en16931 import (
    CREDIT_NOTE,
    ElectronicInvoice,
    Item,
    TaxGroup,
    Trader,
)
from services.billing.documents.xml_writing import XmlWriter

CUSTOMIZATION = "urn:cen.eu:en16931:2017"
"""BT-24."""
SCHEMA = "urn:oasis:names:specification:ubl:schema:xsd"
COMMON = {
    "cac": f"{SCHEMA}:CommonAggregateComponents-2",
    "cbc": f"{SCHEMA}:CommonBasicComponents-2",
}
ONE = "C62"
"""UN/ECE Recommendation 20: one, a piece (BT-130)."""


def as_ubl(invoice: ElectronicInvoice) -> str:
    """The document, in the order of elements that the schema wants."""
    return _Ubl(invoice).written()


class _Ubl:
    def __init__(self, invoice: ElectronicInvoice) -> None:
        self.invoice = invoice
        self.is_credit_note = invoice.type_code == CREDIT_NOTE
        name = "CreditNote" if self.is_credit_note else "Invoice"
        self.xml = XmlWriter(f"ubl:{name}", {"ubl": f"{SCHEMA}:{name}-2", **COMMON})

    def written(self) -> str:
        root = self.xml.root
        self._head(root)
        self._party(
            self.xml.add(root, "cac:AccountingSupplierParty/cac:Party"), self.invoice.seller
        )
        self._party(self.xml.add(root, "cac:AccountingCustomerParty/cac:Party"), self.invoice.buyer)
        if self.invoice.terms:
            self.xml.add(root, "cac:PaymentTerms/cbc:Note", self.invoice.terms)
        self._taxes(root)
        self._totals(root)
        for place, item in enumerate(self.invoice.items, start=1):
            self._line(root, item, place=place)
        return self.xml.written()

    def _head(self, root: Element) -> None:
        invoice, add = self.invoice, self.xml.add
        add(root, "cbc:CustomizationID", CUSTOMIZATION)
        add(root, "cbc:ID", invoice.number)
        add(root, "cbc:IssueDate", invoice.issued_on.isoformat())
        if invoice.due_on and not self.is_credit_note:
            add(root, "cbc:DueDate", invoice.due_on.isoformat())
        kind = "cbc:CreditNoteTypeCode" if self.is_credit_note else "cbc:InvoiceTypeCode"
        add(root, kind, invoice.type_code)
        for note in invoice.notes:
            add(root, "cbc:Note", note)
        add(root, "cbc:DocumentCurrencyCode", invoice.currency)
        if invoice.preceding:
            number, issued_on = invoice.preceding
            reference = add(root, "cac:BillingReference/cac:InvoiceDocumentReference")
            add(reference, "cbc:ID", number)
            if issued_on:
                add(reference, "cbc:IssueDate", issued_on.isoformat())

    def _party(self, party: Element, trader: Trader) -> None:
        self._address(party, trader)
        for number, scheme in ((trader.vat_id, "VAT"), (trader.tax_id, "TAX")):
            if number:
                registered = self.xml.add(party, "cac:PartyTaxScheme")
                self.xml.add(registered, "cbc:CompanyID", number)
                self.xml.add(registered, "cac:TaxScheme/cbc:ID", scheme)
        legal = self.xml.add(party, "cac:PartyLegalEntity")
        self.xml.add(legal, "cbc:RegistrationName", trader.name)
        if trader.legal_id:
            self.xml.add(legal, "cbc:CompanyID", trader.legal_id)

    def _address(self, party: Element, trader: Trader) -> None:
        """BG-5, BG-8: what stands on an envelope, line by line."""
        address = self.xml.add(party, "cac:PostalAddress")
        names = ("cbc:StreetName", "cbc:AdditionalStreetName", "cac:AddressLine/cbc:Line")
        *lines, rest = (*trader.address[:2], ", ".join(trader.address[2:]))
        for name, line in zip(names, (*lines, *[""] * (2 - len(lines)), rest), strict=True):
            if line:
                self.xml.add(address, name, line)
        self.xml.add(address, "cac:Country/cbc:IdentificationCode", trader.country)

    def _taxes(self, root: Element) -> None:
        total = self.xml.add(root, "cac:TaxTotal")
        self._amount(total, "cbc:TaxAmount", minor=self.invoice.tax_minor)
        for group in self.invoice.taxes:
            row = self.xml.add(total, "cac:TaxSubtotal")
            self._amount(row, "cbc:TaxableAmount", minor=group.taxable_minor)
            self._amount(row, "cbc:TaxAmount", minor=group.tax_minor)
            self._category(self.xml.add(row, "cac:TaxCategory"), group)

    def _category(self, category: Element, of: TaxGroup | Item) -> None:
        self.xml.add(category, "cbc:ID", of.category.value)
        if of.percent is not None:
            self.xml.add(category, "cbc:Percent", f"{of.percent.normalize():f}")
        if isinstance(of, TaxGroup) and of.reason:
            if of.reason_code:
                self.xml.add(category, "cbc:TaxExemptionReasonCode", of.reason_code)
            self.xml.add(category, "cbc:TaxExemptionReason", of.reason)
        self.xml.add(category, "cac:TaxScheme/cbc:ID", "VAT")

    def _totals(self, root: Element) -> None:
        invoice, total = self.invoice, self.xml.add(root, "cac:LegalMonetaryTotal")
        self._amount(total, "cbc:LineExtensionAmount", minor=invoice.net_minor)
        self._amount(total, "cbc:TaxExclusiveAmount", minor=invoice.net_minor)
        self._amount(total, "cbc:TaxInclusiveAmount", minor=invoice.total_minor)
        self._amount(total, "cbc:PayableAmount", minor=invoice.total_minor)

    def _line(self, root: Element, item: Item, *, place: int) -> None:
        add, kind = self.xml.add, "CreditNote" if self.is_credit_note else "Invoice"
        line = add(root, f"cac:{kind}Line")
        quantity = "Credited" if self.is_credit_note else "Invoiced"
        add(line, "cbc:ID", str(place))
        add(line, f"cbc:{quantity}Quantity", f"{item.quantity.normalize():f}", unitCode=ONE)
        self._amount(line, "cbc:LineExtensionAmount", minor=item.net_minor)
        if item.first_day and item.last_day:
            period = add(line, "cac:InvoicePeriod")
            add(period, "cbc:StartDate", item.first_day.isoformat())
            add(period, "cbc:EndDate", item.last_day.isoformat())
        if item.discount_minor:
            discount = add(line, "cac:AllowanceCharge")
            add(discount, "cbc:ChargeIndicator", "false")
            add(discount, "cbc:AllowanceChargeReason", "Discount")
            self._amount(discount, "cbc:Amount", minor=item.discount_minor)
        sold = add(line, "cac:Item")
        add(sold, "cbc:Name", item.name)
        self._category(add(sold, "cac:ClassifiedTaxCategory"), item)
        self._amount(add(line, "cac:Price"), "cbc:PriceAmount", minor=item.price_minor)

    def _amount(self, parent: Element, name: str, *, minor: int) -> None:
        amount = self.invoice.amount(minor)
        self.xml.add(parent, name, amount, currencyID=self.invoice.currency)
