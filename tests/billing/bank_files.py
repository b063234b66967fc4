"""Bank files as banks write them, made of values: the other direction of the readers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal
from xml.sax.saxutils import escape

from services.billing.bank_statements.statement import BankAccount, StatementEntry
from shared.money import minor_digits

DAY = date(2026, 11, 20)
ACCOUNT = BankAccount(number="12345678", bank_code="341")
IBAN_ACCOUNT = BankAccount(number="NL26VAYB8060476890")


def entry(amount_minor: int = 2990, **changes: object) -> StatementEntry:
    """Money that came in, unless the changes say otherwise."""
    made = StatementEntry(
        account=ACCOUNT,
        booked_on=DAY,
        value_on=DAY,
        amount_minor=amount_minor,
        currency="BRL",
        is_credit=True,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def signed(each: StatementEntry, *, comma: bool = False) -> str:
    """The amount with its sign, as OFX writes it."""
    amount = Decimal(each.amount_minor).scaleb(-minor_digits(each.currency))
    text = f"{amount if each.is_credit else -amount:f}"
    return text.replace(".", ",") if comma else text


Layout = Literal["one_line", "lines", "xml"]

HEADER = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

"""
XML_HEADER = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
    '<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n'
)


@dataclass(frozen=True, kw_only=True)
class OfxForm:
    """How a bank lays its file out. `zone` follows each day."""

    layout: Layout = "lines"
    header: str = HEADER
    encoding: str = "cp1252"
    zone: str = ""
    comma: bool = False
    card: bool = False


def ofx_file(
    entries: Sequence[StatementEntry],
    *,
    account: BankAccount = ACCOUNT,
    currency: str = "BRL",
    balance: str = "",
    form: OfxForm = OfxForm(),
) -> bytes:
    """One statement; a bank's own fields are left out where they say nothing."""
    body = ofx_statement(entries, account=account, currency=currency, balance=balance, form=form)
    return ofx_of([body], form=form)


def ofx_of(statements: Sequence[str], *, form: OfxForm = OfxForm()) -> bytes:
    """A file of several statements."""
    text = f"<OFX><SIGNONMSGSRSV1><SONRS><STATUS>{_element('CODE', '0', form)}"
    text += f"{_element('SEVERITY', 'INFO', form)}</STATUS></SONRS></SIGNONMSGSRSV1>"
    text += f"<BANKMSGSRSV1>{''.join(statements)}</BANKMSGSRSV1></OFX>"
    if form.layout != "one_line":
        text = text.replace("<", "\n<").replace("\n</", "</" if form.layout == "xml" else "\n</")
    return (form.header + text).encode(form.encoding)


def ofx_statement(
    entries: Sequence[StatementEntry],
    *,
    account: BankAccount = ACCOUNT,
    currency: str = "BRL",
    balance: str = "",
    form: OfxForm = OfxForm(),
) -> str:
    """The statement of one account."""
    kind, owner = ("CCSTMT", "CCACCTFROM") if form.card else ("STMT", "BANKACCTFROM")
    fields = [("BANKID", account.bank_code), ("ACCTID", account.number)]
    named = "".join(_element(name, text, form) for name, text in fields if text)
    rows = "".join(_ofx_entry(each, form) for each in entries)
    text = f"<{kind}TRNRS><{kind}RS>{_element('CURDEF', currency, form)}<{owner}>{named}</{owner}>"
    text += f"<BANKTRANLIST>{rows}</BANKTRANLIST>"
    if balance:
        text += f"<LEDGERBAL>{_element('BALAMT', balance, form)}</LEDGERBAL>"
    return text + f"</{kind}RS></{kind}TRNRS>"


def _ofx_entry(each: StatementEntry, form: OfxForm) -> str:
    fields = {
        "TRNTYPE": "CREDIT" if each.is_credit else "DEBIT",
        "DTPOSTED": f"{each.booked_on:%Y%m%d}{form.zone}",
        "TRNAMT": signed(each, comma=form.comma),
        "FITID": each.bank_reference,
        "NAME": each.payer_name,
        "DTAVAIL": f"{each.value_on:%Y%m%d}" if each.value_on != each.booked_on else "",
        "MEMO": each.remittance,
    }
    texts = "".join(_element(name, text, form) for name, text in fields.items() if text)
    return f"<STMTTRN>{texts}</STMTTRN>"


def _element(name: str, text: str, form: OfxForm) -> str:
    end = f"</{name}>" if form.layout == "xml" else ""
    return f"<{name}>{escape(text)}{end}"


# ------------------------------------------------------------------------------ CAMT


@dataclass(frozen=True, kw_only=True)
class CamtForm:
    """Version and message, whether the details of one entry are written together, a prefix."""

    version: str = "08"
    message: Literal["052", "053", "054"] = "053"
    is_batch: bool = False
    prefix: str = ""
    status: str = "BOOK"
    number: str = "S1"
    page: str = ""


_MESSAGES = {
    "053": ("BkToCstmrStmt", "Stmt"),
    "052": ("BkToCstmrAcctRpt", "Rpt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}


def camt_file(
    entries: Sequence[StatementEntry],
    *,
    account: BankAccount = IBAN_ACCOUNT,
    form: CamtForm = CamtForm(),
    balances: str = "",
) -> bytes:
    """One statement. Elements bear the prefix, if one is given."""
    root, statement = _MESSAGES[form.message]
    namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.{form.message}.001.{form.version}"
    page = f"<StmtPgntn><PgNb>{form.page}</PgNb></StmtPgntn>" if form.page else ""
    if form.is_batch:
        rows = _camt_entry(entries, form)
    else:
        rows = "".join(_camt_entry([each], form) for each in entries)
    body = (
        f"<{root}><GrpHdr><MsgId>M</MsgId></GrpHdr><{statement}><Id>{form.number}</Id>{page}"
        f"<Acct><Id><IBAN>{account.number}</IBAN></Id></Acct>{balances}{rows}"
        f"</{statement}></{root}>"
    )
    declared = "xmlns"
    if form.prefix:
        body = body.replace("<", f"<{form.prefix}:").replace(
            f"<{form.prefix}:/", f"</{form.prefix}:"
        )
        declared = f"xmlns:{form.prefix}"
    name = f"{form.prefix}:Document" if form.prefix else "Document"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} {declared}="{namespace}">'
    return f"{text}{body}</{name}>\n".replace("><", ">\n<").encode()


def camt_balance(kind: str, amount: str, currency: str, sign: str = "CRDT") -> str:
    """A balance; `kind`: OPBD, CLBD and others."""
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_camt_amount(amount, currency)}"
        f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>2014-12-30</Dt></Dt></Bal>"
    )


def _camt_amount(amount: str, currency: str) -> str:
    return f'<Amt Ccy="{currency}">{amount}</Amt>'


def _camt_entry(details: Sequence[StatementEntry], form: CamtForm) -> str:
    first = details[0]
    minor = sum(each.amount_minor if each.is_credit else -each.amount_minor for each in details)
    whole = replace(first, amount_minor=abs(minor), is_credit=minor > 0)
    status = form.status if form.version < "08" else f"<Cd>{form.status}</Cd>"
    bank = f"<AcctSvcrRef>{first.bank_reference}</AcctSvcrRef>" if first.bank_reference else ""
    return (
        f"<Ntry>{_camt_amount(signed(whole).lstrip('-'), whole.currency)}"
        f"<CdtDbtInd>{_direction(whole)}</CdtDbtInd>"
        f"<RvslInd>{'true' if whole.is_reversal else 'false'}</RvslInd><Sts>{status}</Sts>"
        f"<BookgDt><DtTm>{whole.booked_on}T13:15:00+01:00</DtTm></BookgDt>"
        f"<ValDt><Dt>{whole.value_on}</Dt></ValDt>{bank}"
        f"<NtryDtls>{''.join(_camt_details(each, form) for each in details)}</NtryDtls></Ntry>"
    )


def _direction(each: StatementEntry) -> str:
    return "CRDT" if each.is_credit else "DBIT"


def _camt_details(each: StatementEntry, form: CamtForm) -> str:
    """With its own amount where the version has a place for it: 02 has only AmtDtls."""
    amount = _camt_amount(signed(each).lstrip("-"), each.currency)
    own = f"{amount}<CdtDbtInd>{_direction(each)}</CdtDbtInd>"
    if form.version < "04":
        own = f"<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>"
    role = "Dbtr" if each.is_credit != each.is_reversal else "Cdtr"
    name = f"<Nm>{escape(each.payer_name)}</Nm>" if each.payer_name else ""
    party = f"<Pty>{name}</Pty>" if form.version >= "08" else name
    number = f"<{role}Acct><Id><IBAN>{each.payer_account}</IBAN></Id></{role}Acct>"
    refs = "".join(
        f"<EndToEndId>{escape(ref.value)}</EndToEndId>"
        for ref in each.references
        if ref.kind == "end_to_end"
    )
    words = f"<RmtInf><Ustrd>{escape(each.remittance)}</Ustrd></RmtInf>" if each.remittance else ""
    parties = f"<{role}>{party}</{role}>{number if each.payer_account else ''}"
    return f"<TxDtls><Refs>{refs}</Refs>{own}<RltdPties>{parties}</RltdPties>{words}</TxDtls>"


# ------------------------------------------------------------------------------ MT940


@dataclass(frozen=True, kw_only=True)
class Mt940Form:
    """How the bank writes :86:, and what stands around the message."""

    details: Literal["german", "polish", "dutch", "plain"] = "german"
    has_envelope: bool = False
    ends: str = "\r\n"
    number: str = "00005/001"
    encoding: str = "utf-8"
    has_booking_day: bool = True


def mt940_file(
    entries: Sequence[StatementEntry],
    *,
    account: str = "NL26VAYB8060476890",
    currency: str = "EUR",
    form: Mt940Form = Mt940Form(),
) -> bytes:
    """One message whose balances fit its entries."""
    moved = sum(each.amount_minor if each.is_credit else -each.amount_minor for each in entries)
    rows = [
        ":20:STARTUMS",
        f":25:{account}",
        f":28C:{form.number}",
        f":60F:{_balance(0, currency)}",
        *(line for each in entries for line in _mt940_entry(each, form)),
        f":62F:{_balance(moved, currency)}",
    ]
    if form.has_envelope:
        header = "{1:F01BANKNL2AXXXX0000000000}{2:I940BANKNL2AXXXXN}{4:"
        return (form.ends.join([header, *rows, "-}"]) + form.ends).encode(form.encoding)
    return (form.ends.join([*rows, "-"]) + form.ends).encode(form.encoding)


def _comma(minor: int, currency: str) -> str:
    digits = minor_digits(currency)
    whole, rest = divmod(minor, 10**digits)
    return f"{whole},{rest:0{digits}d}" if digits else f"{whole},"


def _balance(minor: int, currency: str) -> str:
    return f"{'C' if minor >= 0 else 'D'}261120{currency}{_comma(abs(minor), currency)}"


def _mt940_entry(each: StatementEntry, form: Mt940Form) -> list[str]:
    mark = "C" if each.is_credit else "D"
    if each.is_reversal:
        mark = "RD" if each.is_credit else "RC"
    booked = f"{each.booked_on:%m%d}" if form.has_booking_day else ""
    bank = f"//{each.bank_reference}" if each.bank_reference else ""
    amount = _comma(each.amount_minor, each.currency)
    line = f":61:{each.value_on:%y%m%d}{booked}{mark}{amount}NTRFNONREF{bank}"
    return [line, *_DETAILS[form.details](each)]


def _cut(text: str, width: int) -> list[str]:
    return [text[start : start + width] for start in range(0, len(text), width)]


def _numbered(each: StatementEntry, mark: str) -> list[str]:
    end_to_end = next((ref.value for ref in each.references if ref.kind == "end_to_end"), "")
    words = f"EREF+{end_to_end}" if end_to_end else ""
    chunks = ([words] if words else []) + [f"SVWZ+{each.remittance}"]
    fields = [("00", "SEPA"), *zip(map(str, range(20, 30)), chunks, strict=False)]
    fields += [("31" if mark == "?" else "38", each.payer_account), ("32", each.payer_name)]
    return [":86:166" + "".join(f"{mark}{number}{text}" for number, text in fields if text)]


def _dutch(each: StatementEntry) -> list[str]:
    end_to_end = next((ref.value for ref in each.references if ref.kind == "end_to_end"), "")
    fields = {
        "TRTP": "SEPA OVERBOEKING",
        "IBAN": each.payer_account,
        "NAME": each.payer_name,
        "REMI": each.remittance,
        "EREF": end_to_end or "NOTPROVIDED",
    }
    text = "".join(f"/{code}/{value}" for code, value in fields.items() if value)
    first, *others = _cut(":86:" + text, 65)
    return [first, *others]


def _plain(each: StatementEntry) -> list[str]:
    return _cut(f":86:{each.remittance}", 65)


_DETAILS = {
    "german": lambda each: _numbered(each, "?"),
    "polish": lambda each: _numbered(each, "~"),
    "dutch": _dutch,
    "plain": _plain,
}
