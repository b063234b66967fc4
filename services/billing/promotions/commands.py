"""Setting promotions up and ending them; using them, within limits that hold at any time."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.catalogue.allotments import Take, give_back
from services.billing.promotions.promotion import (
    FILE,
    STAFF,
    Promotion,
    PromotionInvalid,
    PromotionTerms,
    PromotionUnknown,
    PromotionUsedUp,
    normal_code,
)
from services.billing.promotions.promotion_use import PromotionUse
from shared.database import Reads
from shared.errors import Conflict, NotFound
from shared.store import Transaction


class PromotionAlreadyUsed(Conflict):
    """The order has used a promotion before."""


class PromotionCodeTaken(Conflict):
    """The brand has or had a promotion with this code."""


@dataclass(frozen=True, kw_only=True)
class PublishPromotions:
    """All promotions of a brand's file."""

    brand: str
    terms: Sequence[PromotionTerms]
    today: date


async def publish_promotions(command: PublishPromotions, tx: Transaction) -> None:
    """The file's promotions as it says; those that it no longer has are ended.

    What staff made or ended stays as staff left it.
    """
    codes = [each.code for each in command.terms]
    if len(set(codes)) != len(codes):
        raise PromotionInvalid(field="code", reason="stands there twice")
    promotions = [await _of_file(command.brand, terms, tx) for terms in command.terms]
    for promotion_id in await _known_of_file(command.brand, tx):
        promotion = await tx.load(Promotion, promotion_id)
        if promotion.terms.code not in codes and not promotion.is_ended:
            promotion.end(today=command.today, origin=FILE)
            promotions.append(promotion)
    await tx.save(*promotions)


async def _known_of_file(brand: str, tx: Transaction) -> list[UUID]:
    rows = await tx.read.fetch(
        """select promotion_id from promotion
           where brand = $1 and origin = $2 and ended_on is null order by 1""",
        brand,
        FILE,
    )
    return [row["promotion_id"] for row in rows]


async def _of_file(brand: str, terms: PromotionTerms, tx: Transaction) -> Promotion:
    try:
        promotion = await tx.load(Promotion, Promotion.id_of(brand, terms.code))
    except NotFound:
        return Promotion.publish(brand=brand, terms=terms, origin=FILE)
    if promotion.origin != FILE:
        raise PromotionCodeTaken(code=terms.code)
    if promotion.ended_by != STAFF:
        promotion.revise(terms)
    return promotion


@dataclass(frozen=True, kw_only=True)
class CreatePromotion:
    """A promotion that staff makes."""

    brand: str
    terms: PromotionTerms


async def create_promotion(command: CreatePromotion, tx: Transaction) -> Promotion:
    """The new promotion. `PromotionCodeTaken` also for a code of one that has ended."""
    promotion = Promotion.publish(brand=command.brand, terms=command.terms, origin=STAFF)
    try:
        await tx.load(Promotion, promotion.id)
    except NotFound:
        await tx.save(promotion)
        return promotion
    raise PromotionCodeTaken(code=command.terms.code)


@dataclass(frozen=True, kw_only=True)
class RevisePromotion:
    """Other terms for later uses, under the same code."""

    promotion_id: UUID
    brand: str
    terms: PromotionTerms
    expected_version: int | None = None


async def revise_promotion(command: RevisePromotion, tx: Transaction) -> Promotion:
    """The promotion as it is from now on; one that has ended returns."""
    promotion = await tx.load(
        Promotion, command.promotion_id, expected_version=command.expected_version
    )
    _check_brand(promotion, command.brand)
    if command.terms.code != promotion.terms.code:
        raise PromotionInvalid(field="code", reason="it cannot change")
    promotion.revise(command.terms)
    await tx.save(promotion)
    return promotion


@dataclass(frozen=True, kw_only=True)
class EndPromotion:
    """Staff ends a promotion before its time."""

    promotion_id: UUID
    brand: str


async def end_promotion(command: EndPromotion, tx: Transaction) -> Promotion:
    """The promotion is over; `PromotionHasEnded` if it was."""
    promotion = await tx.load(Promotion, command.promotion_id)
    _check_brand(promotion, command.brand)
    promotion.end(today=await today_for(command.brand, tx), origin=STAFF)
    await tx.save(promotion)
    return promotion


def _check_brand(promotion: Promotion, brand: str) -> None:
    if promotion.brand != brand:
        raise NotFound()


async def promotion_by_code(typed: str, brand: str, tx: Transaction) -> Promotion:
    """The brand's promotion of this code, in large letters or small. `PromotionUnknown`."""
    try:
        return await tx.load(Promotion, Promotion.id_of(brand, normal_code(typed)))
    except NotFound:
        raise PromotionUnknown(field="code") from None


async def is_new_client(account_id: UUID, db: Reads) -> bool:
    """Whether the account never had a service that ran, as far as the lists have come.

    Who orders twice at the same moment is held by the limit per client.
    """
    known = await db.fetchval(
        "select true from service_list where account_id = $1 and has_run limit 1", account_id
    )
    return known is None


@dataclass(frozen=True, kw_only=True)
class UsePromotion:
    """An order of the account uses the promotion, whose terms fit it (`check_open`)."""

    promotion: Promotion
    account_id: UUID
    order_id: UUID


def takes_of(command: UsePromotion) -> list[Take]:
    """What the use takes of the promotion's limits: for `take`, with all else of the order."""
    promotion = command.promotion
    total, own = _names(promotion.id, command.account_id)
    return [
        Take(name=total, count=1, cap=promotion.terms.limit, refusal=PromotionUsedUp),
        Take(name=own, count=1, cap=promotion.limit_per_client, refusal=PromotionUsedUp),
    ]


async def use_promotion(command: UsePromotion, tx: Transaction) -> PromotionUse:
    """Note the use; what `takes_of` says must be taken in the same transaction.

    An order has one promotion: a second time is `PromotionAlreadyUsed`.
    """
    promotion = command.promotion
    with suppress(NotFound):
        await tx.load(PromotionUse, PromotionUse.id_of(command.order_id))
        raise PromotionAlreadyUsed(code=promotion.terms.code)
    use = PromotionUse.use(
        account_id=command.account_id,
        brand=promotion.brand,
        promotion_id=promotion.id,
        code=promotion.terms.code,
        order_id=command.order_id,
    )
    await tx.save(use)
    return use


@dataclass(frozen=True, kw_only=True)
class ReleasePromotion:
    """An order was given up before it was paid."""

    order_id: UUID


async def release_promotion(command: ReleasePromotion, tx: Transaction) -> None:
    """Give the order's use back, if it had one. A second time changes nothing."""
    try:
        use = await tx.load(PromotionUse, PromotionUse.id_of(command.order_id))
    except NotFound:
        return
    if use.release():
        assert use.account_id is not None, "an order belongs to an account"
        for name in sorted(_names(use.promotion_id, use.account_id)):
            await give_back(tx, name, count=1)
        await tx.save(use)


def total_name(promotion_id: UUID) -> str:
    """The allotment that counts all uses of a promotion."""
    return f"promotion/{promotion_id}"


def _names(promotion_id: UUID, account_id: UUID) -> tuple[str, str]:
    return total_name(promotion_id), f"{total_name(promotion_id)}/{account_id}"
