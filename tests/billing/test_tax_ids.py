"""Tax numbers: those that others published, how they are written, and what is no number at all."""

import re

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from services.billing.tax.tax_ids import (
    OWN_CHECKS,
    PREFIXED,
    TaxId,
    TaxIdInvalid,
    TaxIdNotVerifiable,
    verify_tax_id,
)
from shared.errors import Invalid
from tests.billing.published_tax_ids import (
    RIGHT,
    RIGHT_AT_EUFATURO,
    RIGHT_AT_GOBL,
    RIGHT_AT_GOBL_LATER,
    RIGHT_AT_LOCALFLAVOR,
    RIGHT_AT_SERPRO,
    RIGHT_AT_STDNUM,
    RIGHT_AT_VALIDATORS,
    WRONG,
    WRONG_AT_EUFATURO,
    WRONG_AT_GOBL,
    WRONG_AT_GOBL_LATER,
    WRONG_AT_LOCALFLAVOR,
    WRONG_AT_SERPRO,
    WRONG_AT_STDNUM,
    WRONG_AT_VALIDATORS,
    by_country,
)

ALL_RIGHT = (
    RIGHT
    + RIGHT_AT_GOBL
    + RIGHT_AT_GOBL_LATER
    + RIGHT_AT_SERPRO
    + RIGHT_AT_VALIDATORS
    + RIGHT_AT_LOCALFLAVOR
    + RIGHT_AT_EUFATURO
    + RIGHT_AT_STDNUM
)
ALL_WRONG = (
    WRONG
    + WRONG_AT_GOBL
    + WRONG_AT_GOBL_LATER
    + WRONG_AT_SERPRO
    + WRONG_AT_VALIDATORS
    + WRONG_AT_LOCALFLAVOR
    + WRONG_AT_EUFATURO
    + WRONG_AT_STDNUM
)

BRAZIL_AND_OTHERS = [
    # the alphanumeric CNPJ of July 2026: worked example of Receita Federal / SERPRO
    ("BR", "12.ABC.345/01DE-35", "cnpj", "12ABC34501DE35"),
    ("BR", "12abc34501de35", "cnpj", "12ABC34501DE35"),
    # the examples of python-stdnum, and a CPF that is worked out in many places
    ("BR", "390.533.447-05", "cpf", "39053344705"),
    ("BR", "111.444.777-35", "cpf", "11144477735"),
    ("PL", "PL 8567346215", "nip", "PL8567346215"),
    ("PL", "856-734-62-15", "nip", "PL8567346215"),
    ("RU", "1234567894", "inn", "1234567894"),
    ("RU", "123456789047", "inn", "123456789047"),
]
REFUSED = [
    ("BR", "12.ABC.345/01DE-36"),  # the same, wrong check digit
    ("BR", "231.002.999-00"),  # python-stdnum's example of a wrong one
    ("BR", "111.111.111-11"),  # the check digits hold; Receita Federal refuses one digit repeated
    ("PL", "PL 8567346216"),
    ("RU", "1234567895"),
]


@pytest.mark.parametrize(("country", "number"), by_country(ALL_RIGHT))
def test_a_number_that_others_call_right_is_verified(country: str, number: str) -> None:
    assert verify_tax_id(number, country=country).country == country


@pytest.mark.parametrize(("country", "number"), by_country(ALL_WRONG))
def test_a_number_that_others_call_wrong_is_refused(country: str, number: str) -> None:
    with pytest.raises(TaxIdInvalid):
        verify_tax_id(number, country=country)


@pytest.mark.parametrize(("country", "text", "kind", "number"), BRAZIL_AND_OTHERS)
def test_a_national_number_has_its_kind_and_one_form(
    country: str, text: str, kind: str, number: str
) -> None:
    assert verify_tax_id(text, country=country) == TaxId(kind=kind, country=country, number=number)


@pytest.mark.parametrize(("country", "text"), REFUSED)
def test_a_national_number_with_a_fault_is_refused(country: str, text: str) -> None:
    with pytest.raises(TaxIdInvalid):
        verify_tax_id(text, country=country)


AS_FOUND_ONLINE = """
    ATU 142 43 102; BE (0)468.561.072; BE 0202.239.951; BE 456.973.433; BG 7111042925; Bg 200442771
    CY- 10277198H; CY-10008489 A; CZ 640229/4448; CZ 60 72 77 72; DE - 113866163; DE 221.304.969
    DK: 21599336; EE 100 931 558; EE 101256753; ES - Q0818001J; ES-x-2482300w; EL: 094279805
    EL 94051189; El 800 179 925; FI 2094606-3; FR 734 836 491 66; FR K 7399859412; FR87000018746
    HU -12509403; IE 632 3420 C; IE6433435OA; IE8D79739I; IT 0 0 6 1 8 2 8 0 4 9 9; IT: 02331250163
    LT 100001354118; LU.248.70.640; LU: 2294 4200; LV 5000 399 3021; MT 1039-6417
    NL.0094.10.806.B.01; NL 8225.69.759 b01; NL001162938B28; NL68357370B01; PL 584-030-44-72
    PL 687-16-26-585; PT 500135.495; RO 1630615123457; RO 185 472 90; SE 202 100-5000 01
    SE 556.383.740.901; SI 3609 7152; SK 2020 237 945
"""
"""Numbers that people wrote. Source: tests/test_eu_vat.doctest of python-stdnum at 0427b01."""

MANGLED = """
    ATU 143 43 102; BE 0406.139.583; BG 131 172 009; CY-10257074Y; CZ 640913926; DE 246 495 415
    DK 2565 2202; EE 100 941 558; ES K-2814015-F; EL: 094269805; FR K 7399859312; IE 632 3421 C
    LV-10103241337; SK 2030 237 945; AT1 142 43 102; BE 02A2.239.951; BG 10X8735941; DE 011125440
    NL 009122746B00; NL B06753742B01; CZ 95123891; IT 00687129980; LT 100001354; ATU 151592092
    ES B-583784312; FR000076090; NL006866304B021; SE 55643359201; SE 5567003255201
"""
"""From the same place: one figure wrong, or one too many or too few."""


@pytest.mark.parametrize(
    "text", [text.strip() for text in re.split("[;\n]", AS_FOUND_ONLINE.strip())]
)
def test_a_number_as_people_write_it_online_is_verified(text: str) -> None:
    found = verify_tax_id(text, country=text[:2])
    assert found.is_of_member_state
    assert found.number.isalnum()


@pytest.mark.parametrize("text", [text.strip() for text in re.split("[;\n]", MANGLED.strip())])
def test_a_number_that_was_mangled_is_refused(text: str) -> None:
    with pytest.raises(TaxIdInvalid):
        verify_tax_id(text, country=text[:2])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("EL 094056437", "eu_vat"),
        ("DE111111125", "eu_vat"),
        ("PL8567346215", "nip"),
        ("UK 895878826", "vat"),
        ("NO864234232", "vat"),
        ("EU372000052", "vat"),
        ("RU7707083893", "inn"),
    ],
)
def test_a_prefix_tells_the_kind_wherever_the_client_is(text: str, kind: str) -> None:
    assert verify_tax_id(text, country="IT").kind == kind


@pytest.mark.parametrize(
    "number", ["PL0123456789", "PL0120000014", "PL1000000006", "PL 700-100-00-46"]
)
def test_a_nip_begins_with_the_code_of_a_tax_office(number: str) -> None:
    """Its check digit is right in each; the last one is of office 700."""
    with pytest.raises(TaxIdInvalid):
        verify_tax_id(number, country="PL")


@pytest.mark.parametrize(
    ("country", "text"),
    [
        ("HU", "10773382-2-44"),
        ("HU", "10773381-0-44"),
        ("HU", "10773381-2-4"),
        ("RU", "7707083894/770701001"),
        ("RU", "500100732259/770701001"),
        ("RU", "7707083893/77070100A"),
    ],
)
def test_what_follows_a_number_at_home_makes_no_other_number_right(country: str, text: str) -> None:
    """A wrong check digit; no kind of VAT; no whole county; a person, who has no КПП."""
    with pytest.raises(TaxIdInvalid):
        verify_tax_id(text, country=country)


@pytest.mark.parametrize(
    ("country", "number", "is_issued"),
    [
        ("GB", "000000000001", False),
        ("GB", "000000195", True),
        ("GB", "009999914", True),
        ("GB", "010000090", False),
        ("GB", "100000089", True),
        ("GB", "100000034", False),
        ("GB", "100000132", True),
        ("RU", "0000000018", False),
        ("BR", "00002220202", True),
    ],
)
def test_an_authority_issues_from_here_to_there(country: str, number: str, is_issued: bool) -> None:
    """All check digits are right: British of the older kind, then, 55 less, of the later one; an
    INN of no region; a CPF of two digits, where only one repeated is refused."""
    if is_issued:
        assert verify_tax_id(number, country=country).country == country
    else:
        with pytest.raises(TaxIdInvalid):
            verify_tax_id(number, country=country)


@pytest.mark.parametrize("digit", "0123456789")
def test_no_cpf_or_cnpj_is_one_digit_repeated(digit: str) -> None:
    for length in (11, 14):
        with pytest.raises(TaxIdInvalid):
            verify_tax_id(digit * length, country="BR")


@pytest.mark.parametrize(
    ("country", "number"),
    [
        ("PL", "0000000000"),
        ("RU", "0000000000"),
        ("RU", "000000000000"),
        ("BG", "000000000"),
        ("BG", "0000000000"),
        ("CH", "CHE-000.000.000"),
        ("CH", "CHE-000.000.000 MWST"),
        ("FI", "0000000-0"),
        ("FR", "E0 000 000 000"),
        ("GR", "EL000000000"),
        ("HU", "HU00000000"),
        ("NO", "000 000 000 MVA"),
        ("CL", "0000000-0"),
    ],
)
def test_zeros_are_no_number_though_their_check_digits_hold(country: str, number: str) -> None:
    with pytest.raises(TaxIdInvalid):
        verify_tax_id(number, country=country)


@pytest.mark.parametrize(
    ("country", "text", "number"),
    [
        ("GR", "EL 094056437", "EL094056437"),
        ("GR", "GR094056437", "EL094056437"),
        ("EL", "094 056 437", "EL094056437"),
        ("DE", "de 111.111.125", "DE111111125"),
        ("DE", "111111125", "DE111111125"),
        ("DE", "FR61954506077", "FR61954506077"),  # a prefix goes before the client's country
        ("FR", "DE811363057", "DE811363057"),
        ("BE", "430973770", "BE0430973770"),
        ("BE", "BE 1000.123.448", "BE1000123448"),
        ("GB", "XI 895878826", "XI895878826"),
        ("UK", "895 8788 26", "GB895878826"),
        ("GB", "GD001", "GBGD001"),
        ("CH", "CHE-432.825.998 TVA", "CHE432825998TVA"),
        ("CH", "E432825998MWST", "CHE432825998MWST"),
        ("CH", "CHE-432.825.998", "CHE432825998"),
        ("NO", "936 869 335 mva", "NO936869335MVA"),
        ("NO", "NO 936869335", "NO936869335"),
        ("RS", "100010812", "RS100010812"),
        ("RU", "RU7707083893", "7707083893"),
        ("BR", "BR 45.723.174/0001-10", "45723174000110"),
        ("MC", "FR 53000004605", "FR53000004605"),  # Monaco's numbers are French ones
        ("MX", "GODE561231GR8", "GODE561231GR8"),
        ("AU", "83 914 571 673", "83914571673"),
        ("US", "EU372000052", "EU372000052"),  # a foreign seller in the one-stop shop
        ("ES", "ES–B63104293", "ESB63104293"),  # a dash of a word processor
        ("ES", "3.157.928-M", "ES03157928M"),  # a DNI has eight digits, said without the zeros
        ("ES", "15S", "ES00000015S"),
        ("HU", "10773381-2-44", "HU10773381"),  # an adószám: how VAT is owed, and the county
        ("DE", "HU 10773381-2-44", "HU10773381"),
        ("RU", "7707083893/770701001", "7707083893"),  # ИНН/КПП
        ("RU", "7707083893 / 7707AB001", "7707083893"),
        ("CH", "100.155.212", "CHE100155212"),  # the three letters are the same in all
        ("CH", "100.155.212 MWST", "CHE100155212MWST"),
        ("JP", "T7000012050002", "7000012050002"),  # of an issuer of qualified invoices
        ("AR", "AR 20-05536168-2", "20055361682"),  # a prefix of home, where none is usual
        ("GB", "GB 895_878_826", "GB895878826"),
        ("DE", "DE 136,695,976", "DE136695976"),
        ("PL", "es 15-s", "ES00000015S"),
    ],
)
def test_however_it_is_written_a_number_has_one_form(country: str, text: str, number: str) -> None:
    found = verify_tax_id(text, country=country)
    assert found.number == number
    assert verify_tax_id(number, country=country) == found


@pytest.mark.parametrize(
    ("country", "text", "number"),
    [
        ("BR", "CNPJ 45.723.174/0001-10", "45723174000110"),
        ("BR", "cnpj/mf: 45.723.174/0001-10", "45723174000110"),
        ("BR", "CPF nº 390.533.447-05", "39053344705"),
        ("PL", "NIP: 856-734-62-15", "PL8567346215"),
        ("PL", "NIP PL8567346215", "PL8567346215"),
        ("RU", "ИНН 7707083893", "7707083893"),
        ("RU", "инн/кпп 7707083893/770701001", "7707083893"),
        ("GB", "VAT Reg. No. GB 895 8788 26", "GB895878826"),
        ("GB", "VAT no. 895878826", "GB895878826"),
        ("DE", "USt-IdNr. DE 111111125", "DE111111125"),
        ("AT", "UID: ATU12011204", "ATU12011204"),
        ("FR", "N° TVA FR 61954506077", "FR61954506077"),
        ("IT", "P. IVA 00902170018", "IT00902170018"),
        ("IT", "Partita IVA: IT00902170018", "IT00902170018"),
        ("ES", "CIF B63104293", "ESB63104293"),
        ("ES", "NIF/CIF: B-63104293", "ESB63104293"),
        ("ES", "NIE X-5102754-C", "ESX5102754C"),
        ("PT", "NIF 501413197", "PT501413197"),
        ("NO", "Org.nr 864234232", "NO864234232"),
        ("DE", "VAT NO 864234232", "NO864234232"),  # a prefix before a word for number
        ("CZ", "DIČ: CZ25666011", "CZ25666011"),
        ("SK", "IČ DPH SK2020255787", "SK2020255787"),
        ("RO", "CUI RO 11198699", "RO11198699"),
        ("GR", "ΑΦΜ 094056437", "EL094056437"),
        ("BG", "ДДС № BG103704427", "BG103704427"),
        ("CH", "UID CHE-100.416.306 MWST", "CHE100416306MWST"),
        ("MX", "RFC: GODE561231GR8", "GODE561231GR8"),
        ("MX", "NIT850101AB1", "NIT850101AB1"),  # one that begins like a name is no label
        ("AR", "CUIT 20-05536168-2", "20055361682"),
        ("CL", "R.U.T. 76086428-5", "760864285"),
        ("AU", "ABN 83 914 571 673", "83914571673"),
        ("US", "EIN 91-1144442", "911144442"),
    ],
)
def test_what_a_number_is_called_may_stand_before_it(country: str, text: str, number: str) -> None:
    assert verify_tax_id(text, country=country).number == number


@pytest.mark.parametrize(
    "text",
    ["CNPJ", "VAT", "CNPJ CNPJ 45723174000110", "XYZ 45723174000110", "ИНН", "CNPJ №"],
)
def test_a_name_alone_or_an_unknown_one_makes_no_number(text: str) -> None:
    with pytest.raises(TaxIdInvalid):
        verify_tax_id(text, country="BR")


@pytest.mark.parametrize(
    ("country", "text", "number"),
    [
        ("FR", "732 829 320", "FR44732829320"),
        ("FR", "SIREN 404833048", "FR83404833048"),
        ("FR", "SIRET: 732 829 320 00074", "FR44732829320"),
        ("SE", "556036-0793", "SE556036079301"),
        ("SE", "Org.nr 202100-2817", "SE202100281701"),
    ],
)
def test_a_number_of_the_register_becomes_the_vat_number_that_follows_from_it(
    country: str, text: str, number: str
) -> None:
    assert verify_tax_id(text, country=country).number == number


@pytest.mark.parametrize(
    ("country", "text"),
    [
        ("FR", "732 829 321"),  # a wrong check digit
        ("FR", "732 829 320 00075"),
        ("FR", "000 000 000"),
        ("FR", "FR 732 829 320"),  # a VAT number without its key: which is wrong, is not known
        ("DE", "FR 732 829 320"),
        ("SE", "556036-0794"),
        ("SE", "SE 556036-0793"),
        ("SE", "811218-9876"),  # a person, with a right check digit
        ("NL", "111222333"),  # which of B01 to B99, is not known
        ("PL", "192598184"),  # a REGON says nothing of the NIP
        ("IT", "RCCMNL83S18D969H"),  # a person's codice fiscale, who is no business by it
        ("IN", "ACUPA7085R"),  # a PAN is a part of a GSTIN
    ],
)
def test_what_does_not_determine_a_vat_number_is_refused(country: str, text: str) -> None:
    with pytest.raises(TaxIdInvalid):
        verify_tax_id(text, country=country)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "DE",
        "DE 11111112" + "5" * 40,
        "٣٩٠٥٣٣٤٤٧٠٥",
        "３９０５３３４４７０５",
        "39053344705\x00",
        "39053344705'--",
        "39053344705\u0661",
        "39053344705\u200b",
    ],
)
def test_what_is_no_number_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(TaxIdInvalid) as refusal:
        verify_tax_id(text, country="BR")
    known = {"field": "tax_id"}
    assert refusal.value.facts in (known, {**known, "country": "BR"})


def test_a_wrong_number_is_refused_by_its_field_and_country() -> None:
    with pytest.raises(TaxIdInvalid) as refusal:
        verify_tax_id("DE111111126", country="el")
    assert refusal.value.facts == {"field": "tax_id", "country": "GR"}


@pytest.mark.parametrize("length", [40, 41])
def test_a_text_of_more_than_forty_characters_is_no_number(length: int) -> None:
    text = "39053344705".rjust(length)
    if length > 40:
        with pytest.raises(TaxIdInvalid):
            verify_tax_id(text, country="BR")
    else:
        assert verify_tax_id(text, country="BR").number == "39053344705"


@pytest.mark.parametrize("country", ["KZ", "", "B", "../", "BRA", "__", "ÄÖ"])
def test_a_country_without_a_known_rule_is_told_apart_from_a_wrong_number(country: str) -> None:
    with pytest.raises(TaxIdNotVerifiable) as refusal:
        verify_tax_id("39053344705", country=country)
    assert refusal.value.facts == {"field": "tax_id", "country": country}


@pytest.mark.parametrize(
    ("country", "text", "is_of_member_state"),
    [
        ("DE", "DE111111125", True),
        ("PL", "8567346215", True),
        ("GR", "094056437", True),
        ("GB", "XI895878826", False),  # the Union's VAT law covers goods alone there
        ("GB", "GB895878826", False),
        ("US", "EU372000052", False),
        ("NO", "NO864234232", False),
    ],
)
def test_only_a_number_of_a_member_state_makes_a_business_of_the_union(
    country: str, text: str, *, is_of_member_state: bool
) -> None:
    assert verify_tax_id(text, country=country).is_of_member_state is is_of_member_state


@any_of(
    text=st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ&Ñ+*. -/", max_size=24)
    | st.from_regex(r"[A-Z]{0,2}[0-9]{4,14}[A-Z]{0,3}", fullmatch=True),
    country=st.sampled_from([*sorted(PREFIXED | OWN_CHECKS.keys()), "US", "MX", "AR", "MC", "IN"]),
)
def test_any_text_is_verified_or_refused_and_verified_again(text: str, country: str) -> None:
    try:
        found = verify_tax_id(text, country=country)
    except Invalid:
        return
    assert verify_tax_id(found.number, country=found.country) == found
