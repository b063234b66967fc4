"""PIX codes: those that others published, written and read, and what is wrong with a wrong one."""

from uuid import UUID

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from services.billing.pix.br_code import (
    LARGEST_AMOUNT_MINOR,
    BrCode,
    dynamic_code,
    plain_text,
    read_br_code,
    static_code,
)
from services.billing.pix.fields import BrCodeInvalid, checksum, read_fields, write_fields
from services.billing.pix.keys import PixKeyInvalid, has_form_of_a_key, pix_key
from services.billing.pix.txid import UNSPECIFIED, charge_txid, payment_of, static_txid

RANDOM = "123e4567-e12b-12d1-a456-426655440000"
CENTRAL_BANK_STATIC = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR"
    "5913Fulano de Tal6008BRASILIA62070503***63041D3D"
)
CENTRAL_BANK_DYNAMIC = (
    "00020101021226700014br.gov.bcb.pix2548pix.example.com/8b3da2f39a4140d1a91abd93113bd441"
    "5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***630464E4"
)
"""The two examples of Banco Central, Manual de Padrões para Iniciação do Pix."""

OGLIARI = "5204000053039865802BR5914THALES OGLIARI6015SAO MIGUEL DO O62070503***6304"
OGLIARI_ONCE = "5802BR5914Thales Ogliari6015SAO MIGUEL DO O62070503***6304"
REC = "80950014br.gov.bcb.pix2573qr-h.sandbox.pix.bcb.gov.br/rest/api/rec/"
FSS = "4004901d-bd85-4769-8e52-cb4c42c506dc"

PUBLISHED = {
    CENTRAL_BANK_STATIC: {"key": RANDOM, "amount_minor": None},
    CENTRAL_BANK_DYNAMIC: {"url": "pix.example.com/8b3da2f39a4140d1a91abd93113bd441"},
    # github.com/thalesog/pix-utils at 955a2a8 and before, tests/emvCodes.ts (MIT)
    f"00020126950014br.gov.bcb.pix0136{FSS}0221Jornada pagador 43107030899999008"
    "5204000053039865406577.575802BR5903Pix6008BRASILIA6229052599ed983ea570413d8d336301d630418B7": {
        "key": FSS,
        "information": "Jornada pagador 43107",
        "agent": "99999008",
        "amount_minor": 57757,
        "txid": "99ed983ea570413d8d336301d",
        "name": "Pix",
    },
    f"00020126510014br.gov.bcb.pix0115thalesog@me.com0210Pedido 123{OGLIARI}62CA": {
        "key": "thalesog@me.com",
        "information": "Pedido 123",
        "amount_minor": None,
        "city": "SAO MIGUEL DO O",
    },
    "00020126780014br.gov.bcb.pix0136f4c6089a-bfde-4c00-a2d9-9eaa584b02190216CobrancaEstatica"
    "5204000053039865406650.345802BR5903Pix6008BRASILIA6229052580a2d0a923984e8dbb80b4adf"
    f"{REC}d7913bcbfc4947c9811669db12b403746304595A": {
        "key": "f4c6089a-bfde-4c00-a2d9-9eaa584b0219",
        "recurrence_url": "qr-h.sandbox.pix.bcb.gov.br/rest/api/rec/"
        "d7913bcbfc4947c9811669db12b40374",
        "amount_minor": 65034,
    },
    "00020126370014br.gov.bcb.pix0115thalesog@me.com520400005303986540510.005802BR5914THALES "
    "OGLIARI6015SAO MIGUEL DO O62070503***80780014br.gov.bcb.pix2556payload.psp.com/rec/"
    "3ec9d2f9-5f03-4e0e-820d-63a81e769e876304B6DE": {
        "amount_minor": 1000,
        "recurrence_url": "payload.psp.com/rec/3ec9d2f9-5f03-4e0e-820d-63a81e769e87",
    },
    "00020126180014br.gov.bcb.pix5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***"
    f"{REC}5ee5232ead29422396b44f5eb67180d663041AD9": {"key": "", "url": "", "txid": UNSPECIFIED},
    "00020126510014br.gov.bcb.pix0115thalesog@me.com0210Pedido 123520400005303986540510.00"
    f"{OGLIARI_ONCE}4367": {"amount_minor": 1000, "name": "Thales Ogliari"},
    "00020126510014br.gov.bcb.pix0115thalesog@me.com0210Pedido 12352040000530398654040.00"
    f"{OGLIARI_ONCE}4406": {"amount_minor": 0},
    f"00020126510014br.gov.bcb.pix0115thalesog@me.com0210Pedido 123520400005303986{OGLIARI_ONCE}"
    "2C6B": {"amount_minor": None},
    "00020126740014br.gov.bcb.pix2552payload.psp.com/3ec9d2f9-5f03-4e0e-820d-63a81e769e87"
    f"520400005303986{OGLIARI_ONCE}0C64": {
        "url": "payload.psp.com/3ec9d2f9-5f03-4e0e-820d-63a81e769e87",
        "is_dynamic": True,
    },
    # gist.github.com/matheusb-comp/1efa205b3c0ffd7af1e8ce63a10e02dc, from the fields it lists
    "00020101021226770014BR.GOV.BCB.PIX2555pix.example.com/qr/93598be0-1bd0-4997-8318-"
    "81776a1d8a995204000053039865802BR5907EMPRESA6009SAO PAULO62070503***6304EEAB": {
        "url": "pix.example.com/qr/93598be0-1bd0-4997-8318-81776a1d8a99",
        "initiation": "12",
        "domain": "BR.GOV.BCB.PIX",
    },
}
"""Codes, and what they say according to who published them."""


@pytest.mark.parametrize(("code", "says"), PUBLISHED.items())
def test_a_published_code_is_read_and_written_again(code: str, says: dict[str, object]) -> None:
    read = read_br_code(code)
    assert {name: getattr(read, name) for name in says} == says
    assert read.payload == code


def test_the_central_banks_examples_are_made_of_their_parts() -> None:
    static = static_code(RANDOM, name="Fulano de Tal", city="BRASÍLIA")
    assert static.payload == CENTRAL_BANK_STATIC
    dynamic = dynamic_code(
        "pix.example.com/8b3da2f39a4140d1a91abd93113bd441", name="Fulano de Tal", city="BRASILIA"
    )
    assert dynamic.payload == CENTRAL_BANK_DYNAMIC
    assert dynamic.is_dynamic and not static.is_dynamic


def test_the_checksum_is_that_of_the_catalogue_of_parametrised_crcs() -> None:
    assert checksum("123456789") == "29B1"  # CRC-16/IBM-3740, also called CCITT-FALSE
    assert checksum("") == "FFFF"


# ------------------------------------------------------------------------------------ both ways

plain = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1)
names = st.text(alphabet=st.sampled_from("ABCdef 'ãçÉñß漢.-&"), max_size=60).filter(
    lambda text: any(c.isascii() and c != " " for c in text)
)
static_codes = st.builds(
    static_code,
    st.sampled_from([RANDOM, "thalesog@me.com", "+5561912345678", "39053344705"]),
    name=names,
    city=names,
    amount_minor=st.none() | st.integers(1, LARGEST_AMOUNT_MINOR),
    txid=st.just(UNSPECIFIED) | st.from_regex(r"[A-Za-z0-9]{1,25}", fullmatch=True),
)
dynamic_codes = st.builds(
    dynamic_code,
    st.from_regex(r"[a-z0-9]{1,20}\.com/[a-z0-9]{1,32}", fullmatch=True),
    name=names,
    city=names,
)


@any_of(static_codes | dynamic_codes)
def test_any_code_is_read_as_it_was_written(code: BrCode) -> None:
    assert read_br_code(code.payload) == code
    assert code.payload.isascii()


@any_of(static_codes | dynamic_codes, st.data())
def test_any_changed_character_is_found(code: BrCode, data: st.DataObject) -> None:
    right = code.payload
    place = data.draw(st.integers(0, len(right) - 1))
    wrong = right[:place] + data.draw(plain.map(lambda text: text[0])) + right[place + 1 :]
    if wrong.upper() != right.upper() or wrong[:-4] != right[:-4]:
        with pytest.raises(BrCodeInvalid):
            read_br_code(wrong)


@any_of(static_codes, st.data())
def test_a_code_that_was_cut_off_is_found(code: BrCode, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(code.payload) - 1))
    with pytest.raises(BrCodeInvalid):
        read_br_code(code.payload[:cut])


def test_blanks_around_a_pasted_code_and_a_checksum_in_small_letters_do_not_matter() -> None:
    assert read_br_code(f"  {CENTRAL_BANK_STATIC}\n") == read_br_code(CENTRAL_BANK_STATIC)
    small = CENTRAL_BANK_STATIC[:-4] + CENTRAL_BANK_STATIC[-4:].lower()
    assert read_br_code(small).payload == CENTRAL_BANK_STATIC


def test_fields_of_others_are_passed_over() -> None:
    other = "2610" + "0006com.xx" + CENTRAL_BANK_STATIC[6:-8].replace("2658", "2758", 1)
    mixed = "000201" + other + "6406" + "0002pt" + "6304"
    read = read_br_code(mixed + checksum(mixed))
    assert read.key == RANDOM


# --------------------------------------------------------------------------------- what is wrong


def signed(text: str) -> str:
    return f"{text}6304{checksum(text + '6304')}"


RIGHT = CENTRAL_BANK_STATIC[:-8]
RECEIVER = RIGHT[6 : 6 + 62]
WRONG = [
    (CENTRAL_BANK_STATIC[:-4] + "1D3E", "63", "checksum", 134),
    (RIGHT, "63", "not_last", 122),
    ("", "", "characters_or_length", None),
    ("é" + RIGHT, "", "characters_or_length", 1),
    (RIGHT.replace("Fulano", "Fulãno"), "", "characters_or_length", 97),
    ("x" * 513, "", "characters_or_length", None),
    (signed(RIGHT[6:]), "00", "not_first", 1),
    (signed("000202" + RIGHT[6:]), "00", "not_first", 1),
    (signed("000201010213" + RIGHT[6:]), "01", "value", 11),
    (signed(RIGHT.replace("5303986", "5303840")), "53", "value", 81),
    (signed(RIGHT.replace("5802BR", "5802PT")), "58", "value", 88),
    (signed(RIGHT.replace("52040000", "5204abcd")), "52", "value", 73),
    (signed(RIGHT.replace("52040000", "")), "52", "missing", None),
    (signed(RIGHT.replace("62070503***", "")), "62", "missing", None),
    (signed(RIGHT.replace("6008BRASILIA", "6016BRASILIA12345678")), "60", "value", 111),
    (signed(RIGHT.replace("5913Fulano de Tal", "5926" + "F" * 26)), "59", "value", 94),
    (signed(RIGHT + "6103123"), "61", "value", 134),
    (signed(RIGHT.replace("0503***", "0503*a*")), "62.05", "characters", 127),
    (signed(RIGHT.replace("62070503***", "62300526" + "a" * 26)), "62.05", "characters", 127),
    (signed(RIGHT.replace("5303986", "5303986540510,00")), "54", "amount", 88),
    (signed(RIGHT.replace("5303986", "53039865405-1.00")), "54", "amount", 88),
    (signed(RIGHT.replace("5303986", "5303986540501.00")), "54", "amount", 88),
    (signed(RIGHT.replace("5303986", "530398654051.000")), "54", "amount", 88),
    (signed(RIGHT.replace("5303986", "530398654031e5")), "54", "amount", 88),
    (signed(RIGHT.replace("5303986", "5303986541412345678901.00")), "54", "amount", 88),
    (signed(RIGHT.replace(RECEIVER, "")), "26", "no_receiver", None),
    (signed(RIGHT.replace(RECEIVER, "26180014br.gov.bcb.pix")), "26.01", "missing", None),
    (signed(RIGHT.replace(RECEIVER, "26260014br.gov.bcb.pix01041234")), "26.01", "no_key", 33),
    (signed(RIGHT.replace(RECEIVER, "26270014br.gov.bcb.pix2505xy.zz")), "26.25", "no_address",
     33),
    (signed(RIGHT.replace(RECEIVER, "26480014br.gov.bcb.pix25081.com/ab0114+5561912345678")),
     "26.25", "key_and_address", 33),
    (signed(RIGHT.replace(RECEIVER, "26480014br.gov.bcb.pix0114+55619123456780308123x5678")),
     "26.03", "no_agent", 51),
    (signed(RIGHT + "5913Fulano de Tal"), "59", "twice", 130),
    (signed(RIGHT.replace(RECEIVER, "26350014br.gov.bcb.pix0114+556191234567")), "26.01",
     "length", 31),
    (signed(RIGHT + "9900"), "99", "length", 132),
    (signed(RIGHT + "9x04"), "9x", "no_field", 130),
]  # fmt: skip


@pytest.mark.parametrize(("text", "field", "reason", "position"), WRONG)
def test_what_is_wrong_is_named_with_its_place(
    text: str, field: str, reason: str, position: int | None
) -> None:
    with pytest.raises(BrCodeInvalid) as refused:
        read_br_code(text)
    facts = refused.value.facts
    assert (facts["field"], facts["reason"], facts.get("position")) == (field, reason, position)


@pytest.mark.parametrize("amount_minor", [0, -1, LARGEST_AMOUNT_MINOR + 1])
def test_an_amount_that_cannot_be_asked_for_is_refused(amount_minor: int) -> None:
    with pytest.raises(BrCodeInvalid) as refused:
        static_code(RANDOM, name="A", city="B", amount_minor=amount_minor)
    assert refused.value.facts == {"field": "54", "reason": "out_of_range"}


def test_the_largest_amount_has_thirteen_characters() -> None:
    code = static_code(RANDOM, name="A", city="B", amount_minor=LARGEST_AMOUNT_MINOR)
    assert "54139999999999.99" in code.payload
    with pytest.raises(BrCodeInvalid):
        BrCode(name="A", city="B", key=RANDOM, amount_minor=-1).payload  # noqa: B018


@pytest.mark.parametrize("txid", ["", "a" * 26, "a b", "ç", "**", "****"])
def test_a_txid_that_a_static_code_cannot_have_is_refused(txid: str) -> None:
    with pytest.raises(BrCodeInvalid) as refused:
        static_code(RANDOM, name="A", city="B", txid=txid)
    assert refused.value.facts == {"field": "62.05", "reason": "characters"}


@pytest.mark.parametrize(
    "url", ["", "https://psp.com/1", "psp.com", "psp.com/a b", "p.com/" + "a" * 72]
)
def test_an_address_that_a_code_cannot_have_is_refused(url: str) -> None:
    with pytest.raises(BrCodeInvalid) as refused:
        dynamic_code(url, name="A", city="B")
    assert refused.value.facts == {"field": "26.25", "reason": "no_address"}


def test_names_lose_accents_and_what_is_too_long_and_may_not_be_empty() -> None:
    assert plain_text("  São  José\tdos Campos", longest=15, field="60") == "Sao Josedos Cam"
    for empty in ("", "  ", "漢字"):
        with pytest.raises(BrCodeInvalid) as refused:
            static_code(RANDOM, name="A", city=empty)
        assert refused.value.facts == {"field": "60", "reason": "characters"}
        with pytest.raises(BrCodeInvalid) as refused:
            dynamic_code("psp.com/1", name=empty, city="A")
        assert refused.value.facts == {"field": "59", "reason": "characters"}


def test_a_receiver_that_is_too_long_altogether_is_refused() -> None:
    code = BrCode(name="A", city="B", key=RANDOM, information="x" * 72)
    with pytest.raises(BrCodeInvalid) as refused:
        code.payload  # noqa: B018
    assert refused.value.facts == {"field": "26", "reason": "length_or_characters"}
    with pytest.raises(BrCodeInvalid):
        write_fields([("59", "ã")])


def test_a_field_knows_where_its_value_begins() -> None:
    fields = read_fields("0002015903abc")
    assert {id_: (field.value, field.position) for id_, field in fields.items()} == {
        "00": ("01", 5),
        "59": ("abc", 11),
    }


# --------------------------------------------------------------------------------- keys and txids

KEYS = [
    # formats of the DICT API (github.com/bacen/pix-dict-api); numbers with right check digits
    ("390.533.447-05", "cpf", "39053344705"),
    ("33.000.167/0001-01", "cnpj", "33000167000101"),
    ("12.ABC.345/01DE-35", "cnpj", "12ABC34501DE35"),
    ("12abc34501de35", "cnpj", "12ABC34501DE35"),
    ("+55 (61) 91234-5678", "phone", "+5561912345678"),
    ("Fulano_da_Silva.Recebedor@Example.com", "email", "fulano_da_silva.recebedor@example.com"),
    (RANDOM.upper(), "random", RANDOM),
]


@pytest.mark.parametrize(("text", "kind", "value"), KEYS)
def test_a_key_has_its_kind_and_the_directorys_form(text: str, kind: str, value: str) -> None:
    key = pix_key(text)
    assert (key.kind, key.value) == (kind, value)
    assert has_form_of_a_key(value)


@pytest.mark.parametrize(
    "text",
    ["", "390.533.447-06", "33.000.167/0001-02", "61912345678", "+0561912345678", "a@b@c",
     "a" * 70 + "@b.com.br", RANDOM[:-1], "@example.com", "+55"],
)  # fmt: skip
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(PixKeyInvalid):
        pix_key(text)


@any_of(st.uuids())
def test_a_payment_is_found_by_both_of_its_identities(payment: UUID) -> None:
    assert payment_of(charge_txid(payment)) == payment
    assert payment_of(static_txid(payment)) == payment
    assert static_code(RANDOM, name="A", city="B", txid=static_txid(payment)).payload
    assert 26 <= len(charge_txid(payment)) <= 35


@pytest.mark.parametrize(
    "txid", ["", UNSPECIFIED, "a" * 26, "z" * 25, "g" * 32, "ã" * 32, "_" * 25]
)
def test_an_identity_that_is_not_ours_is_refused(txid: str) -> None:
    with pytest.raises(BrCodeInvalid) as refused:
        payment_of(txid)
    assert refused.value.facts == {"field": "txid", "reason": "not_ours"}
