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
from shared.consumers import Envelope, View
from shared.contracts.billing import BrandConfigured, BusinessDayStarted, Department, PaymentMethod
from shared.database import Connection, Pool

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


async def apply(envelope: Envelope, db: Connection) -> None:
    """Keep the brand's settings and its latest business day."""
    match envelope.event:
        case BrandConfigured() as e:
            await _configure(envelope.brand, e, db=db)
        case BusinessDayStarted() as e:
            await db.execute(
                """insert into brand_day as b (slug, day) values ($1, $2)
                   on conflict (slug) do update set day = greatest(b.day, excluded.day)""",
                envelope.brand,
                e.day,
            )


async def _configure(slug: str, e: BrandConfigured, *, db: Connection) -> None:
    await db.execute(
        """insert into brand values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
           on conflict (slug) do update set
             (name, hosts, languages, default_language, time_zone, currency, accent_colour, payee,
              payment_methods, departments) =
             (excluded.name, excluded.hosts, excluded.languages, excluded.default_language,
              excluded.time_zone, excluded.currency, excluded.accent_colour, excluded.payee,
              excluded.payment_methods, excluded.departments)""",
        slug,
        e.name,
        e.hosts,
        e.languages,
        e.default_language,
        e.time_zone,
        e.currency,
        e.accent_colour,
        as_json(e.payee),
        as_json(e.payment_methods),
        as_json(e.departments),
    )


async def brand_of_host(db: Pool, host: str) -> Brand | None:
    """The brand that answers at `host` (without port), if any."""
    record = await db.fetchrow(
        """select b.*, d.day from brand b left join brand_day d using (slug)
           where b.hosts @> array[$1::text] order by slug limit 1""",
        host,
    )
    return read_row(Brand, record) if record else None


async def brand_of_slug(db: Pool, slug: str) -> Brand | None:
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
