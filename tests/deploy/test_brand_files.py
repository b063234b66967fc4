"""Brand files: every flaw is named with file, line and field."""

from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.brandfile import FlawedFile, read_brand_file
from deploy.local.commands.demo import BRAND_FILE
from deploy.local.state import CannotRun

Write = Callable[[str, str], Path]


@pytest.fixture
def demo_with(tmp_path: Path) -> Write:
    """Writes the demo's file with one text replaced."""

    def write(old: str, new: str) -> Path:
        text = BRAND_FILE.read_text()
        assert old in text
        path = tmp_path / "brand.yaml"
        path.write_text(text.replace(old, new, 1))
        return path

    return write


def flaws_of(path: Path) -> list[tuple[int, str, str]]:
    """Line, field and reason of each flaw."""
    with pytest.raises(FlawedFile) as refused:
        read_brand_file(path)
    assert str(refused.value).startswith(f"{path}:")
    return [(flaw.line, flaw.field, flaw.reason) for flaw in refused.value.flaws]


def line_of(path: Path, text: str) -> int:
    """The first line that has the text."""
    lines = path.read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_the_demos_brand_file_is_valid_and_complete() -> None:
    content = read_brand_file(BRAND_FILE)
    assert content.brand.slug == "ponto"
    assert [product.slug.rpartition("-")[2] for product in content.products] == [
        "start",
        "pro",
        "business",
        "fundador",
        "ov",
        "extra",
    ]
    assert {option.kind for product in content.products for option in product.options} == {
        "choice",
        "quantity",
    }
    assert [product.slug for product in content.products if product.stock] == [
        "hospedagem-fundador"
    ]
    assert len(content.promotions) == 2


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("time_zone: America/Sao_Paulo", "time_zone: Brazil/Nowhere", "brand.time_zone"),
        ("currency: BRL\n  invoice", "currency: REAL\n  invoice", "brand.currency"),
        ('"#0f6b60"', '"#7fd3a0"', "brand.accent_colour"),
        ("kind: hosted_page", "kind: cheque", "brand.payment_methods[0].kind"),
        ("clearing_days: 2", "clearing_days: two", "brand.payment_methods[3].clearing_days"),
        ("cycle: quarterly", "cycle: fortnightly", "products[0].prices[1].cycle"),
        (
            "recurring_minor: 3990",
            "recurring_minor: 39.90",
            "products[1].prices[0].recurring_minor",
        ),
        ("setup_minor: 4900", "setup_minor: -1", "products[2].prices[0].setup_minor"),
        ("sort: 40", "sort: yes", "products[3].sort"),
        ("slug: hospedagem-pro", "slug: Hospedagem Pro", "products[1].slug"),
        ("email: marina@ponto.example", "email: marina(at)ponto", "staff[0].email"),
        ("suspension_days: 5", "suspend_days: 5", "brand.dunning.suspend_days"),
        ("mode: inclusive", "mode: included", "brand.tax.mode"),
        ('percent: "2.9"', "percent: 2.9", "brand.tax.rates[0].percent"),
        ('percent: "2.9"', 'percent: "102.9"', "brand.tax.rates[0]"),
        ("country: BR }", "country: Brasil }", "brand.tax.rates[0].country"),
        ("seller_country: BR", 'seller_country: ""', "brand.tax.seller_country"),
        ("maximum: 20", "maximum: 20000", "products[1].options[1].maximum"),
        ("kind: choice", "kind: colour", "products[1].options[0].kind"),
        ("stock: 25", "stock: -1", "products[3].stock"),
        ("rate_percent: 25", "rate_percent: 125", "promotions[0].rate_percent"),
        ("periods: 3", "periods: 0.5", "promotions[0].periods"),
        ("limit: 500", "limit: many", "promotions[0].limit"),
        ("code: SEMTAXA", "code: SEM TAXA", "promotions[1].code"),
        ("en: Addons", 'en: " "', "groups[1].name.en"),
    ],
)
def test_a_wrong_value_is_named_with_its_line_and_its_field(
    demo_with: Write, old: str, new: str, field: str
) -> None:
    path = demo_with(old, new)
    ((line, named, _),) = flaws_of(path)
    assert (line, named) == (line_of(path, new.split("\n", maxsplit=1)[0]), field)


def test_a_missing_field_is_named_at_the_line_of_what_misses_it(demo_with: Write) -> None:
    path = demo_with("  sender_name: Ponto Hospedagem\n", "")
    assert flaws_of(path) == [(3, "brand.sender_name", "field required")]


def test_all_flaws_of_a_file_are_told_at_once(demo_with: Write) -> None:
    path = demo_with("sort: 20\n    up", "sort: ten\n    up")
    path.write_text(path.read_text().replace("clearing_days: 2", "clearing_days: -2"))
    assert [field for _, field, _ in flaws_of(path)] == [
        "brand.payment_methods[3].clearing_days",
        "products[1].sort",
    ]


def test_a_text_that_one_of_the_brands_languages_lacks_is_named(demo_with: Write) -> None:
    path = demo_with("\n        en: Credit card", "")
    ((line, field, reason),) = flaws_of(path)
    assert line == line_of(path, "pt-BR: Cartão")
    assert (field, reason) == ("brand.payment_methods[0].label", "has no text in en")


def test_a_price_in_another_currency_than_the_brands_is_named(demo_with: Write) -> None:
    path = demo_with("currency: BRL, recurring_minor: 5670", "currency: EUR, recurring_minor: 5670")
    ((_, field, reason),) = flaws_of(path)
    assert (field, reason) == ("products[0].prices[1].currency", "is not the brand's BRL")


OPTION = "an option contradicts itself, or has no price where its product has one"
CONTRADICTIONS = [
    ("group: hospedagem\n", "group: jardim\n", "products[0].group", "there is no group jardim"),
    (
        "upgrades_to: [hospedagem-business]",
        "upgrades_to: [hospedagem-ultra]",
        "products[1].upgrades_to",
        "a product names another that is not offered with it: hospedagem-ultra",
    ),
    (
        "upgrades_to: [hospedagem-business]",
        "upgrades_to: [hospedagem-start]",
        "products[0].upgrades_to",
        "the upgrades lead back to where they began",
    ),
    (
        "addon_to: [hospedagem-start, hospedagem-pro]",
        "addon_to: [certificado-ov]",
        "products[5].addon_to",
        "an addon is sold for a product, not for another addon or itself",
    ),
    (
        "cycle: annual, currency: BRL, recurring_minor: 5400",
        "cycle: biennial, currency: BRL, recurring_minor: 5400",
        "products[1].options[0].values[1].prices",
        f"{OPTION}: has no price for annual in BRL",
    ),
    (
        "maximum: 20",
        "minimum: 30",
        "products[1].options[1].maximum",
        f"{OPTION}: is not above the minimum",
    ),
    (
        "recurring_minor: 1990",
        "recurring_minor: 0",
        "products[0].prices",
        "a price is out of range, its cycle is unknown, or a cycle has two prices in one currency",
    ),
    (
        "products: [hospedagem-business]",
        "products: [vps]",
        "promotions[1].products[0]",
        "there is no product vps",
    ),
    (
        "kind: free_setup",
        "kind: fixed",
        "promotions[1].amounts",
        "a promotion contradicts itself, or a value of it is out of range",
    ),
    ("guarantee_days: 7", "guarantee_day: 7", "brand.rules.guarantee_day", "there is no such rule"),
    (
        "guarantee_days: 7",
        "guarantee_days: -7",
        "brand.rules.guarantee_days",
        "a span is too short",
    ),
    (
        "guarantee_days: 30",
        "proration: by_month",
        "products[3].rules.proration",
        "Invalid enum value 'by_month' - at `$.proration`",
    ),
    (
        "suspension_warning_days: 2",
        "suspension_warning_days: 9",
        "brand.dunning.suspension_warning_days",
        "the warning is not before the suspension",
    ),
    ("code: SEMTAXA", "code: bemvindo25", "promotions[1]", "BEMVINDO25 stands there twice"),
]


@pytest.mark.parametrize(("old", "new", "field", "reason"), CONTRADICTIONS)
def test_what_billing_would_refuse_is_named_where_the_file_says_it(
    demo_with: Write, old: str, new: str, field: str, reason: str
) -> None:
    path = demo_with(old, new)
    ((line, named, said),) = flaws_of(path)
    assert (named, said) == (field, reason)
    assert line <= len(path.read_text().splitlines())


def test_rules_that_contradict_each_other_are_named_together(demo_with: Write) -> None:
    both = "suspension_days: 3\n    suspension_warning_days: 3"
    path = demo_with("guarantee_days: 7", both)
    ((line, field, reason),) = flaws_of(path)
    assert (field, reason) == ("brand.rules", "the warning is not before the suspension")
    assert line == line_of(path, "suspension_days: 3")


def test_a_revision_is_checked_like_the_product_that_it_changes(demo_with: Write) -> None:
    later = "    revisions:\n      - effective_on: 2027-03-01\n        prices:\n"
    price = "          - { cycle: monthly, currency: BRL, recurring_minor: 0 }\n"
    path = demo_with("  - slug: hospedagem-pro\n", later + price + "  - slug: hospedagem-pro\n")
    ((line, field, _),) = flaws_of(path)
    assert field == "products[0].revisions[0].prices"
    assert line == line_of(path, "recurring_minor: 0 }")


def test_a_field_that_stands_there_twice_is_refused(demo_with: Write) -> None:
    path = demo_with("  currency: BRL\n", "  currency: BRL\n  currency: EUR\n")
    ((line, field, reason),) = flaws_of(path)
    assert (line, field, reason) == (
        line_of(path, "currency: EUR"),
        "brand.currency",
        "stands there twice",
    )


def test_two_departments_of_one_name_are_refused(demo_with: Write) -> None:
    path = demo_with("id: financeiro", "id: suporte")
    ((_, field, reason),) = flaws_of(path)
    assert (field, reason) == ("brand.departments[1]", "suporte stands there twice")


def test_an_alias_is_refused_before_it_can_grow(tmp_path: Path) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n")
    ((line, _, reason),) = flaws_of(path)
    assert (line, reason) == (1, "aliases are not used")


@pytest.mark.parametrize("text", ["brand: [", "brand:\n\tslug: ponto", ""])
def test_what_is_no_yaml_is_refused_with_a_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    assert flaws_of(path)[0][0] >= 1


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"nowhere\.yaml cannot be read"):
        read_brand_file(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("old", "new", "field", "reason"),
    [
        ('"237"', '"999"', "bank", "should be '001', '033'"),
        ('wallet: "09"', 'wallet: ""', "wallet", "is needed by bank 237"),
        ('"123456"', '"123456789"', "account", "digits, at most 7"),
        ("branch:", 'agreement: "1", branch:', "agreement", "means nothing to bank 237"),
        ('fine_percent: "2"', 'fine_percent: "200"', "fine_percent", "is no percentage"),
        ("key: 123e", "key: xyz", "key", "is no PIX key"),
    ],
)
def test_a_bank_account_that_cannot_collect_is_shown_at_its_field(
    demo_with: Write, old: str, new: str, field: str, reason: str
) -> None:
    ((_, where, why),) = flaws_of(demo_with(old, new))
    assert where.endswith(field)
    assert reason in why


def test_a_way_to_pay_without_its_account_is_shown_at_its_field(demo_with: Write) -> None:
    path = demo_with("kind: hosted_page", "kind: boleto")
    ((_, where, why),) = flaws_of(path)
    assert (where.endswith("bank_account"), why) == (True, "is not there")
    path = demo_with("kind: hosted_page", "kind: boleto\n      gateway: sandbox")
    assert flaws_of(path)


def test_boleto_and_pix_go_through_gateways_of_their_own() -> None:
    methods = read_brand_file(BRAND_FILE).body()["payment_methods"]
    assert {each["id"]: each["gateway"] for each in methods} == {
        "card": "sandbox",
        "pix": "pix",
        "boleto": "boleto",
        "bank-transfer": "sandbox",
    }
