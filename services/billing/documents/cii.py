"""An electronic invoice in UN/CEFACT CII D16B as Factur-X has it: the other syntax of EN 16931."""

from datetime import date
from xml.etree.ElementTree import Element

from services.billing.documents.en16931 import ElectronicInvoice, Item, TaxGroup, Trader
from services.billing.documents.xml_writing import XmlWriter

GUIDELINE = "urn:cen.eu:en16931:2017"
"""BT-24; in Factur-X it is the profile EN 16931."""
UNECE = "urn:un:unece:uncefact:data:standard"
NAMESPACES = {
    "rsm": f"{UNECE}:CrossIndustryInvoice:100",
    "ram": f"{UNECE}:ReusableAggregateBusinessInformationEntity:100",
    "udt": f"{UNECE}:UnqualifiedDataType:100",
    "qdt": f"{UNECE}:QualifiedDataType:100",
}
ONE = "C62"
DAY = "102"
"""UNCL 2379: YYYYMMDD."""


def as_cii(invoice: ElectronicInvoice) -> str:
    """The document, in the order of elements that the schema wants."""
    return _Cii(invoice).written()


class _Cii:
    def __init__(self, invoice: ElectronicInvoice) -> None:
        self.invoice = invoice
        self.xml = XmlWriter("rsm:CrossIndustryInvoice", NAMESPACES)

    def written(self) -> str:
        add, root = self.xml.add, self.xml.root
        parameter = "ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"
        add(add(root, "rsm:ExchangedDocumentContext"), parameter, GUIDELINE)
        self._head(add(root, "rsm:ExchangedDocument"))
        trade = add(root, "rsm:SupplyChainTradeTransaction")
        for place, item in enumerate(self.invoice.items, start=1):
            self._line(add(trade, "ram:IncludedSupplyChainTradeLineItem"), item, place=place)
        agreement = add(trade, "ram:ApplicableHeaderTradeAgreement")
        self._party(add(agreement, "ram:SellerTradeParty"), self.invoice.seller)
        self._party(add(agreement, "ram:BuyerTradeParty"), self.invoice.buyer)
        add(trade, "ram:ApplicableHeaderTradeDelivery")
        self._settlement(add(trade, "ram:ApplicableHeaderTradeSettlement"))
        return self.xml.written()

    def _head(self, document: Element) -> None:
        self.xml.add(document, "ram:ID", self.invoice.number)
        self.xml.add(document, "ram:TypeCode", self.invoice.type_code)
        self._day(document, "ram:IssueDateTime", day=self.invoice.issued_on)
        for note in self.invoice.notes:
            self.xml.add(document, "ram:IncludedNote/ram:Content", note)

    def _line(self, line: Element, item: Item, *, place: int) -> None:
        add, amount = self.xml.add, self.invoice.amount
        add(line, "ram:AssociatedDocumentLineDocument/ram:LineID", str(place))
        add(line, "ram:SpecifiedTradeProduct/ram:Name", item.name)
        price = add(line, "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice")
        add(price, "ram:ChargeAmount", amount(item.price_minor))
        delivery = add(line, "ram:SpecifiedLineTradeDelivery")
        add(delivery, "ram:BilledQuantity", f"{item.quantity.normalize():f}", unitCode=ONE)
        settlement = add(line, "ram:SpecifiedLineTradeSettlement")
        self._tax(add(settlement, "ram:ApplicableTradeTax"), item)
        if item.first_day and item.last_day:
            period = add(settlement, "ram:BillingSpecifiedPeriod")
            self._day(period, "ram:StartDateTime", day=item.first_day)
            self._day(period, "ram:EndDateTime", day=item.last_day)
        if item.discount_minor:
            discount = add(settlement, "ram:SpecifiedTradeAllowanceCharge")
            add(discount, "ram:ChargeIndicator/udt:Indicator", "false")
            add(discount, "ram:ActualAmount", amount(item.discount_minor))
            add(discount, "ram:Reason", "Discount")
        total = "ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"
        add(settlement, total, amount(item.net_minor))

    def _tax(self, tax: Element, of: TaxGroup | Item) -> None:
        add = self.xml.add
        if isinstance(of, TaxGroup):
            add(tax, "ram:CalculatedAmount", self.invoice.amount(of.tax_minor))
        add(tax, "ram:TypeCode", "VAT")
        if isinstance(of, TaxGroup):
            if of.reason:
                add(tax, "ram:ExemptionReason", of.reason)
            add(tax, "ram:BasisAmount", self.invoice.amount(of.taxable_minor))
        add(tax, "ram:CategoryCode", of.category.value)
        if isinstance(of, TaxGroup) and of.reason_code:
            add(tax, "ram:ExemptionReasonCode", of.reason_code)
        if of.percent is not None:
            add(tax, "ram:RateApplicablePercent", f"{of.percent.normalize():f}")

    def _party(self, party: Element, trader: Trader) -> None:
        add = self.xml.add
        add(party, "ram:Name", trader.name)
        if trader.legal_id:
            add(party, "ram:SpecifiedLegalOrganization/ram:ID", trader.legal_id)
        address = add(party, "ram:PostalTradeAddress")
        lines = (*trader.address[:2], ", ".join(trader.address[2:]))
        for name, line in zip(("ram:LineOne", "ram:LineTwo", "ram:LineThree"), lines, strict=False):
            if line:
                add(address, name, line)
        add(address, "ram:CountryID", trader.country)
        for number, scheme in ((trader.vat_id, "VA"), (trader.tax_id, "FC")):
            if number:
                add(party, "ram:SpecifiedTaxRegistration/ram:ID", number, schemeID=scheme)

    def _settlement(self, settlement: Element) -> None:
        add, invoice = self.xml.add, self.invoice
        add(settlement, "ram:InvoiceCurrencyCode", invoice.currency)
        for group in invoice.taxes:
            self._tax(add(settlement, "ram:ApplicableTradeTax"), group)
        terms = add(settlement, "ram:SpecifiedTradePaymentTerms")
        if invoice.terms:
            add(terms, "ram:Description", invoice.terms)
        if invoice.due_on:
            self._day(terms, "ram:DueDateDateTime", day=invoice.due_on)
        total = add(settlement, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
        add(total, "ram:LineTotalAmount", invoice.amount(invoice.net_minor))
        add(total, "ram:TaxBasisTotalAmount", invoice.amount(invoice.net_minor))
        tax = invoice.amount(invoice.tax_minor)
        add(total, "ram:TaxTotalAmount", tax, currencyID=invoice.currency)
        add(total, "ram:GrandTotalAmount", invoice.amount(invoice.total_minor))
        add(total, "ram:DuePayableAmount", invoice.amount(invoice.total_minor))
        self._preceding(settlement)

    def _preceding(self, settlement: Element) -> None:
        if self.invoice.preceding is None:
            return
        number, issued_on = self.invoice.preceding
        reference = self.xml.add(settlement, "ram:InvoiceReferencedDocument")
        self.xml.add(reference, "ram:IssuerAssignedID", number)
        if issued_on:
            self._day(reference, "ram:FormattedIssueDateTime", day=issued_on, kind="qdt")

    def _day(self, parent: Element, name: str, *, day: date, kind: str = "udt") -> None:
        path = f"{name}/{kind}:DateTimeString"
        self.xml.add(parent, path, f"{day:%Y%m%d}", format=DAY)
