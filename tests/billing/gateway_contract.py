"""What every gateway adapter has to hold to: a suite that a test module inherits for its gateway.

The module gives the fixture `stand`: the gateway, and a payer who pays there over the gateway's own
protocol. What a capability promises is tested where it is claimed; what the payer cannot bring
about there is left out by name (`cannot`). What is left out builds no stand.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol

import pytest
from msgspec import structs

from services.billing.gateways.port import (
    ChargeRequest,
    Gateway,
    GatewayCannot,
    Opened,
    PageRequest,
    RefundRequest,
    Reported,
    SavedMethod,
    SetupRequest,
)
from services.billing.outside_calls import OutcomeUnknown
from services.billing.webhooks.signature import SignatureInvalid
from shared.ids import new_id

AMOUNT_MINOR = 2990

claims = pytest.mark.claims
"""Capabilities without which a test is not about the gateway."""
needs = pytest.mark.needs
"""What the payer has to be able to for a test."""


class Payer(Protocol):
    """Who pays at the gateway, and the bank behind it."""

    async def pay(self, opened: Opened, *, how: str = "approve") -> None:
        """Go through the page; `how`: approve, decline, decline_hard."""
        ...

    async def save(self, opened: Opened, *, later: str = "approve") -> None:
        """Save a card; `later`: approve, decline, decline_hard or confirm, for its charges."""
        ...

    async def dispute(self, id: str, *, outcome: str = "open") -> None:
        """Ask the bank for the attempt's money back; `outcome`: open, won, lost."""
        ...

    async def go_wrong(self, call: str, how: str) -> None:
        """The next call goes wrong: hang_before, hang_after, garbage, fault, wrong_amount."""
        ...

    async def webhook(self) -> tuple[dict[str, str], bytes]:
        """The last webhook that was sent: headers by lower-case name, and body."""
        ...


@dataclass(kw_only=True)
class Stand:
    """A gateway under test. `silent`: an adapter of the same kind that nobody answers."""

    gateway: Gateway
    silent: Gateway
    payer: Payer
    currency: str = "BRL"
    today: date = field(default_factory=lambda: datetime.now(UTC).date())  # noqa: TID251

    async def page(self, **changed: Any) -> PageRequest:
        """What is to be collected, which nobody has opened yet."""
        request = PageRequest(
            reference=str(new_id()),
            amount_minor=AMOUNT_MINOR,
            currency=self.currency,
            description="PON-2026-000001",
            return_url="http://ponto.localhost/back",
            notify_url="http://127.0.0.1:9/webhooks",
            brand="ponto",
            due_on=self.today,
        )
        return structs.replace(request, **changed)

    async def paid(self, **changed: Any) -> Reported:
        """An attempt that the payer has paid, as the gateway sees it."""
        request = await self.page(**changed)
        await self.payer.pay(await self.gateway.open(request))
        return await self.seen(request.reference)

    async def seen(self, reference: str) -> Reported:
        reported = await self.gateway.find(reference)
        assert reported is not None, "the gateway has it"
        return reported

    async def saved(self, *, later: str = "approve") -> tuple[str, SavedMethod]:
        """A customer with a card."""
        customer = f"cus-{new_id()}"
        request = SetupRequest(
            reference=str(new_id()),
            customer=customer,
            currency=self.currency,
            return_url="http://ponto.localhost/back",
            notify_url="http://127.0.0.1:9/webhooks",
        )
        first = await self.gateway.open_setup(request)
        assert (await self.gateway.open_setup(request)).id == first.id
        await self.payer.save(first, later=later)
        found = await self.gateway.find_setup(request.reference)
        assert found is not None and found.status == "succeeded"
        assert found.saved_method is not None
        return customer, found.saved_method

    async def charge_request(self, *, later: str = "approve") -> ChargeRequest:
        customer, method = await self.saved(later=later)
        return ChargeRequest(
            reference=str(new_id()),
            amount_minor=AMOUNT_MINOR,
            currency=self.currency,
            description="PON-2026-000002",
            customer=customer,
            token=method.token,
            return_url="http://ponto.localhost/back",
            notify_url="http://127.0.0.1:9/webhooks",
        )

    def refund_of(self, paid: Reported, amount_minor: int) -> RefundRequest:
        return RefundRequest(
            reference=str(new_id()),
            payment_id=paid.id,
            amount_minor=amount_minor,
            currency=paid.currency,
        )


class GatewayContract:
    """Inherit it, say which adapter it is and give the fixture `stand`."""

    adapter: type[Gateway]
    cannot: frozenset[str] = frozenset()
    """What cannot be brought about at this gateway's stand-in, by the name of `Payer`'s method."""

    @pytest.fixture(autouse=True)
    def only_what_is_claimed(self, request: pytest.FixtureRequest) -> None:
        """Before there is a stand."""
        name = self.adapter.__name__
        for mark in request.node.iter_markers("claims"):
            if not all(getattr(self.adapter.capabilities, each) for each in mark.args):
                pytest.skip(f"{name} does not claim {mark.args}")
        for mark in request.node.iter_markers("needs"):
            if self.cannot.intersection(mark.args):
                pytest.skip(f"the stand-in of {name} cannot {mark.args}")

    async def test_the_same_request_opens_the_same_attempt(self, stand: Stand) -> None:
        request = await stand.page()
        first, again = await stand.gateway.open(request), await stand.gateway.open(request)
        assert first == again
        assert bool(first.url) == stand.gateway.capabilities.hosted_page
        assert bool(first.instructions) == stand.gateway.capabilities.instructions

    @claims("can_be_asked")
    async def test_an_attempt_is_found_by_both_names_as_it_was_asked_for(
        self, stand: Stand
    ) -> None:
        request = await stand.page()
        opened = await stand.gateway.open(request)
        by_ours, by_theirs = (
            await stand.seen(request.reference),
            await stand.gateway.look(opened.id),
        )
        assert by_ours == by_theirs
        assert by_ours.status == "open"
        said = (by_ours.id, by_ours.reference, by_ours.amount_minor, by_ours.currency)
        assert said == (opened.id, request.reference, AMOUNT_MINOR, stand.currency)
        assert by_ours.merchant in {None, stand.gateway.merchant}

    @claims("can_be_asked")
    async def test_what_is_not_there_is_none(self, stand: Stand) -> None:
        assert await stand.gateway.find(str(new_id())) is None
        for id in ("unknown-1", "../../v1", ""):
            assert await stand.gateway.look(id) is None

    @claims("can_be_asked")
    @needs("pay")
    async def test_what_was_paid_has_succeeded_and_stays_so(self, stand: Stand) -> None:
        paid = await stand.paid()
        assert paid.status == "succeeded"
        assert paid.paid_on is None or paid.paid_on <= stand.today
        assert (paid.refunds, paid.disputes) == ([], [])
        assert await stand.gateway.look(paid.id) == paid

    @claims("hosted_page")
    @needs("pay")
    @pytest.mark.parametrize(("how", "decline"), [("decline", "soft"), ("decline_hard", "hard")])
    async def test_a_decline_is_an_answer_with_a_code(
        self, stand: Stand, how: str, decline: str
    ) -> None:
        """A page may let the payer try again: then the attempt is open still."""
        request = await stand.page()
        await stand.payer.pay(await stand.gateway.open(request), how=how)
        reported = await stand.seen(request.reference)
        assert reported.status in {"failed", "open"}
        if reported.status == "failed":
            assert (reported.decline, bool(reported.failure_code)) == (decline, True)

    @claims("expires")
    @needs("pay")
    async def test_f54_an_open_attempt_can_be_closed_and_a_paid_one_stays(
        self, stand: Stand
    ) -> None:
        request = await stand.page()
        opened = await stand.gateway.open(request)
        assert (await stand.gateway.expire(opened.id)).status == "expired"
        assert (await stand.gateway.expire(opened.id)).status == "expired"
        assert (await stand.seen(request.reference)).status == "expired"
        paid = await stand.paid()
        assert (await stand.gateway.expire(paid.id)).status == "succeeded"

    @claims("saved_methods")
    @needs("save")
    async def test_f52_a_saved_method_is_charged_once_for_each_reference(
        self, stand: Stand
    ) -> None:
        request = await stand.charge_request()
        first, again = await stand.gateway.charge(request), await stand.gateway.charge(request)
        assert (first.status, first.amount_minor) == ("succeeded", AMOUNT_MINOR)
        assert (again.id, again.status) == (first.id, "succeeded")
        assert (await stand.seen(request.reference)).id == first.id

    @claims("saved_methods")
    @needs("save")
    @pytest.mark.parametrize(("later", "decline"), [("decline", "soft"), ("decline_hard", "hard")])
    async def test_a_declined_charge_is_an_answer_and_says_whether_to_try_again(
        self, stand: Stand, later: str, decline: str
    ) -> None:
        declined = await stand.gateway.charge(await stand.charge_request(later=later))
        assert (declined.status, declined.decline) == ("failed", decline)
        assert declined.failure_code

    @claims("saved_methods")
    @needs("save", "confirm")
    async def test_a_charge_that_the_payer_must_confirm_is_open_with_a_page(
        self, stand: Stand
    ) -> None:
        request = await stand.charge_request(later="confirm")
        waiting = await stand.gateway.charge(request)
        assert waiting.status == "open"
        assert waiting.url is not None
        await stand.payer.pay(Opened(id=waiting.id, url=waiting.url))
        assert (await stand.seen(request.reference)).status == "succeeded"

    @claims("saved_methods")
    @needs("save")
    async def test_f57_a_forgotten_method_is_charged_no_more(self, stand: Stand) -> None:
        request = await stand.charge_request()
        await stand.gateway.forget(request.token)
        await stand.gateway.forget(request.token)
        refused = await stand.gateway.charge(request)
        assert (refused.status, refused.decline) == ("failed", "hard")

    @claims("refunds")
    @needs("pay")
    async def test_f55_money_goes_back_once_for_each_reference_and_at_most_what_came(
        self, stand: Stand
    ) -> None:
        paid = await stand.paid()
        part = stand.refund_of(paid, 1000)
        first, again = await stand.gateway.refund(part), await stand.gateway.refund(part)
        assert first.id == again.id
        assert (first.reference, first.amount_minor) == (part.reference, 1000)
        assert first.status in {"succeeded", "pending"}
        too_much = await stand.gateway.refund(stand.refund_of(paid, AMOUNT_MINOR))
        assert (too_much.status, bool(too_much.failure_code)) == ("failed", True)
        seen = await stand.seen(paid.reference)
        assert seen.status == "succeeded"
        given = [each for each in seen.refunds if each.status != "failed"]
        assert [(each.reference, each.amount_minor) for each in given] == [(part.reference, 1000)]

    @claims("can_be_asked")
    @needs("pay", "dispute")
    @pytest.mark.parametrize("outcome", ["open", "won", "lost"])
    async def test_f56_a_dispute_is_told_with_the_attempt(self, stand: Stand, outcome: str) -> None:
        paid = await stand.paid()
        await stand.payer.dispute(paid.id, outcome=outcome)
        seen = await stand.seen(paid.reference)
        assert seen.status == "succeeded"
        (dispute,) = seen.disputes
        assert (dispute.status, dispute.amount_minor) == (outcome, AMOUNT_MINOR)

    @claims("reports_days")
    @needs("pay", "day")
    async def test_a_day_tells_what_came_and_what_left(self, stand: Stand) -> None:
        paid = await stand.paid()
        refund = stand.refund_of(paid, 1000)
        if stand.gateway.capabilities.refunds:
            await stand.gateway.refund(refund)
        entries = [e for e in await stand.gateway.day(stand.today) if e.payment_id == paid.id]
        moved = {(each.kind, each.reference): each.amount_minor for each in entries}
        assert moved["payment", paid.reference] == AMOUNT_MINOR
        if stand.gateway.capabilities.refunds:
            assert moved["refund", refund.reference] == -1000

    @claims("can_be_asked")
    async def test_f48_a_gateway_that_does_not_answer_is_unknown_and_nothing_else(
        self, stand: Stand
    ) -> None:
        request = await stand.page()
        opened = await stand.gateway.open(request)
        gateway, can = stand.silent, stand.silent.capabilities
        reported = await stand.seen(request.reference)
        questions: list[Any] = [
            gateway.open(await stand.page()),
            gateway.find(request.reference),
            gateway.look(opened.id),
        ]
        if can.expires:
            questions.append(gateway.expire(opened.id))
        if can.refunds:
            questions.append(gateway.refund(stand.refund_of(reported, 1)))
        if can.reports_days:
            questions.append(gateway.day(stand.today))
        for question in questions:
            with pytest.raises(OutcomeUnknown):
                await question

    @claims("saved_methods")
    @needs("save", "go_wrong")
    @pytest.mark.parametrize("how", ["hang_before", "fault"])
    async def test_f47_what_was_never_charged_is_not_there_and_is_charged_by_the_same_request(
        self, stand: Stand, how: str
    ) -> None:
        request = await stand.charge_request()
        await stand.payer.go_wrong("charge", how)
        with pytest.raises(OutcomeUnknown):
            await stand.gateway.charge(request)
        assert await stand.gateway.find(request.reference) is None
        assert (await stand.gateway.charge(request)).status == "succeeded"

    @claims("saved_methods")
    @needs("save", "go_wrong")
    @pytest.mark.parametrize("how", ["hang_after", "garbage"])
    async def test_f46_f48_what_was_charged_without_an_answer_is_there_and_is_not_charged_again(
        self, stand: Stand, how: str
    ) -> None:
        request = await stand.charge_request()
        await stand.payer.go_wrong("charge", how)
        with pytest.raises(OutcomeUnknown):
            await stand.gateway.charge(request)
        found = await stand.seen(request.reference)
        assert found.status == "succeeded"
        assert (await stand.gateway.charge(request)).id == found.id

    @claims("webhooks")
    @needs("webhook")
    async def test_a60_a62_a63_a_webhook_names_its_attempt_if_its_signature_is_good(
        self, stand: Stand
    ) -> None:
        paid = await stand.paid()
        headers, body = await stand.payer.webhook()
        now = datetime.now(UTC)  # noqa: TID251
        notice = stand.gateway.read_webhook(headers, body, now=now)
        assert (notice.kind, bool(notice.event_id)) == ("attempt", True)
        named = await stand.gateway.look(notice.about)
        assert named is not None and named.reference == paid.reference
        late = now.replace(year=now.year + 1)
        for bad_headers, bad_body, at in (
            (headers, body + b" ", now),
            ({}, body, now),
            (headers, body, late),
        ):
            with pytest.raises(SignatureInvalid):
                stand.gateway.read_webhook(bad_headers, bad_body, now=at)

    async def test_what_is_not_claimed_is_refused_by_name(self, stand: Stand) -> None:
        can, gateway = stand.gateway.capabilities, stand.gateway
        refused: list[Any] = []
        if not can.saved_methods:
            refused += [gateway.find_setup("r"), gateway.forget("tok_1")]
        if not can.refunds:
            back = RefundRequest(
                reference="r", payment_id="p", amount_minor=1, currency=stand.currency
            )
            refused.append(gateway.refund(back))
        if not can.expires:
            refused.append(gateway.expire("chk_1"))
        if not can.reports_days:
            refused.append(gateway.day(stand.today))
        for question in refused:
            with pytest.raises(GatewayCannot):
                await question
