"""Which hosting company is it, and what local date does its automation work on?"""

from datetime import date, datetime

import msgspec

from services.portal.browser.rows import as_json, read_row
from services.portal.topics import (
    BRANDS,
    CREDIT,
    DAYS,
    FINDINGS,
    INVOICES,
    NOTICES,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    SERVICES,
)
from shared.clock import local_date
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import BrandConfigured, BusinessDayStarted, Department, PaymentMethod
from shared.reads import Reader

TABLES = """
create table brand (
    slug text primary key,
    name text not null,
    hosts text[] not null,
    languages text[] not null,
    default_language text not null,
    time_zone text not null,
    currency text not null,
    accent_colour text not null,
    payee jsonb not null,
    payment_methods jsonb not null,
    departments jsonb not null
);
create index brand_host on brand using gin (hosts);
create table brand_day (
    slug text primary key,
    day date not null
);
"""
HANDLES = BRANDS | DAYS
IGNORED = PRODUCTS | ORDERS | SERVICES | INVOICES | NOTICES | PAYMENTS | FINDINGS | CREDIT


class Brand(msgspec.Struct, frozen=True, kw_only=True):
    """A hosting company as its pages show it."""

    slug: str
    name: str
    hosts: list[str]
    languages: list[str]
    default_language: str
    time_zone: str
    currency: str
    accent_colour: str
    payee: dict[str, str]
    payment_methods: list[PaymentMethod]
    departments: list[Department]
    day: date | None

    @property
    def payee_address(self) -> str:
        """Where the payee is, in one line; empty if the brand does not say."""
        parts = ("address", "city", "state", "postal_code", "country")
        return ", ".join(self.payee[part] for part in parts if self.payee.get(part))

    def today(self, now: datetime) -> date:
        """The brand's date: the later of its automation's day and the calendar's."""
        calendar = local_date(now, self.time_zone)
        return max(self.day, calendar) if self.day else calendar

    def department(self, id: str) -> Department:
        """The ticket department, or one that is called by its id when it is gone."""
        gone = Department(id=id, name={"en": id}, description={})
        return next((known for known in self.departments if known.id == id), gone)

    def method_label(self, id: str) -> dict[str, str]:
        """What the payment method is called, by language."""
        labels = {method.id: method.label for method in self.payment_methods}
        return labels.get(id, {"en": id})


def apply(envelope: Envelope, rows: Rows) -> None:
    """Keep the brand's settings and its latest business day."""
    match envelope.event:
        case BrandConfigured() as e:
            rows.upsert(
                "brand",
                slug=envelope.brand,
                name=e.name,
                hosts=e.hosts,
                languages=e.languages,
                default_language=e.default_language,
                time_zone=e.time_zone,
                currency=e.currency,
                accent_colour=e.accent_colour,
                payee=as_json(e.payee),
                payment_methods=as_json(e.payment_methods),
                departments=as_json(e.departments),
            )
        case BusinessDayStarted(day=day):
            rows.upsert("brand_day", slug=envelope.brand, day=lambda known: max(known or day, day))


async def brand_of_host(db: Reader, host: str) -> Brand | None:
    """The brand that answers at `host` (without port), if any."""
    record = await db.fetchrow(
        """select b.*, d.day from brand b left join brand_day d using (slug)
           where b.hosts @> array[$1::text] order by slug limit 1""",
        host,
    )
    return read_row(Brand, record) if record else None


async def brand_of_slug(db: Reader, slug: str) -> Brand | None:
    """The brand of that slug, if there is one."""
    record = await db.fetchrow(
        "select b.*, d.day from brand b left join brand_day d using (slug) where slug = $1", slug
    )
    return read_row(Brand, record) if record else None


brand = View(
    name="brand",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=HANDLES,
    ignored=IGNORED,
)
