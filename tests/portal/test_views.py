"""The read models: every event has its place, and the same events always give the same rows."""

import itertools
import random
from datetime import date
from typing import Any

import pytest

from services.portal import topics
from services.portal.app import VIEWS
from services.portal.held_services.views import apply as apply_to_services
from services.portal.history.words import SENTENCES, UNSAID
from services.portal.invoices.views import apply as apply_to_invoices
from services.portal.topics import EVERY
from shared.consumers import Rows as Changes
from shared.contracts import SOURCES, PublicEvent, billing, events_of
from shared.envelope import Envelope
from shared.ids import new_id
from tests.portal.gallery import clear
from tests.portal.house import House
from tests.portal.world import STATES, World

Rows = dict[str, list[dict[str, Any]]]


async def rows_of(house: House) -> Rows:
    """Everything that the views hold, by table."""
    tables = await house.pool.fetch(
        "select schemaname, tablename from pg_tables where schemaname like 'view%' order by 1, 2"
    )
    found: Rows = {}
    for schema, table in tables:
        records = await house.pool.fetch(f"select * from {schema}.{table} t order by t::text")
        found[f"{schema}.{table}"] = [dict(record) for record in records]
    return found


def mixed(world: World, seed: int) -> list[Envelope]:
    """The story with each source's partition in its order, and the sources mixed anyhow."""
    by_place = {
        place: list(group)
        for place, group in itertools.groupby(
            sorted(world.envelopes, key=lambda e: (e.source, e.partition, e.position)),
            key=lambda e: (e.source, e.partition),
        )
    }
    chance, order = random.Random(seed), []
    while by_place:
        place = chance.choice(sorted(by_place))
        order.append(by_place[place].pop(0))
        if not by_place[place]:
            del by_place[place]
    return order


@pytest.mark.parametrize("state", sorted(STATES))
async def test_the_same_events_in_any_order_of_sources_give_the_same_rows(
    house: House, state: str
) -> None:
    world = STATES[state]()
    await house.feed(world.envelopes)
    first = await rows_of(house)
    await clear(house)
    await house.feed(mixed(world, seed=7))
    assert await rows_of(house) == first
    assert any(first.values())


def test_every_event_of_a_service_is_in_exactly_one_topic() -> None:
    whole = {"BILLING", "EVERY"}
    groups = [
        group
        for name, group in vars(topics).items()
        if name.isupper() and name not in whole and isinstance(group, frozenset)
    ]
    known: frozenset[type[PublicEvent]] = frozenset().union(*(events_of(s) for s in SOURCES))
    assert known == EVERY
    assert sum(len(group) for group in groups) == len(known)


def test_every_event_is_said_in_words_or_left_to_staff() -> None:
    said = {event.__name__ for event in EVERY}
    of_brands = topics.BRANDS | topics.DAYS | topics.PRODUCTS
    assert said - {event.__name__ for event in of_brands} == SENTENCES.keys() | UNSAID


def test_a_service_has_the_number_of_its_order_and_a_renewed_one_keeps_its_own() -> None:
    new, addon, renewed = new_id(), new_id(), new_id()
    kinds = {new: "product", addon: "addon", renewed: "renewal"}
    items = [
        billing.OrderedItem(
            product_id=new_id(),
            service_id=service_id,
            kind=kind,
            cycle="monthly",
            domain="ana.example",
            total_minor=2990,
        )
        for service_id, kind in kinds.items()
    ]
    order = billing.OrderPlaced(
        order_id=new_id(),
        number="PED-1",
        product_id=items[0].product_id,
        service_id=new,
        invoice_id=new_id(),
        cycle="monthly",
        domain="ana.example",
        total_minor=8970,
        currency="BRL",
        items=items,
    )
    told, changes = World().happen(order), Changes()
    apply_to_services(told, changes)
    (noted,) = changes.changes.values()
    assert [each.columns["service_id"] for each in noted] == [new, addon]


def test_a_pro_forma_bears_the_date_on_which_it_became_an_invoice() -> None:
    numbered = billing.InvoiceNumbered(
        invoice_id=new_id(), number="PON-2027-000001", numbered_on=date(2027, 1, 2)
    )
    changes = Changes()
    apply_to_invoices(World().happen(numbered), changes)
    ((change,),) = changes.changes.values()
    assert change.columns == {
        "number": "PON-2027-000001",
        "issued_on": date(2027, 1, 2),
        "is_pro_forma": False,
    }


def test_every_table_has_a_primary_key_and_a_name_of_its_own() -> None:
    names = [
        line.split()[2]
        for view in VIEWS
        for line in view.tables.splitlines()
        if line.startswith("create table")
    ]
    assert len(names) == len(set(names))
    for view in VIEWS:
        assert view.tables.count("create table") == view.tables.count("primary key"), view.name
