"""What accounts keeps of the brands."""

import pytest

from services.accounts.app import VIEWS
from services.accounts.brands.lookups import BrandUnknown, brand_named
from services.accounts.brands.views import apply
from shared.consumers import View
from shared.contracts import events_of
from tests.accounts.house import brand_configured, envelope_of
from tests.conftest import OpenDatabase
from tests.feeding import feed


async def test_a_brand_is_kept_as_it_is_now_however_often_it_is_said(
    database: OpenDatabase,
) -> None:
    pool = (await database("accounts")).pool
    async with pool.acquire() as db:
        with pytest.raises(BrandUnknown):
            await brand_named(db, "ponto")
        await feed(db, apply, envelope_of(brand_configured("Ponto")))
        for _ in range(2):
            await feed(db, apply, envelope_of(brand_configured("Ponto Novo")))
        brand = await brand_named(db, "ponto")
        assert (brand.name, brand.languages) == ("Ponto Novo", ["pt-BR", "en"])
        assert await db.fetchval("select count(*) from brand") == 1


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_event_of_a_source_is_handled_or_ignored(view: View) -> None:
    published = frozenset().union(*(events_of(source) for source in view.sources))
    assert view.handles | view.ignored == published
    assert not view.handles & view.ignored
