"""A gateway in memory that does what the test says, and remembers every charge, page and refund."""

from collections.abc import Callable
from typing import Literal

from msgspec import structs

from services.billing.gateways.port import (
    Capabilities,
    ChargeRequest,
    Gateway,
    Opened,
    PageRequest,
    RefundRequest,
    Reported,
    ReportedDispute,
    ReportedRefund,
    ReportedSetup,
    SavedMethod,
    SetupRequest,
)
from services.billing.outside_calls import OutcomeUnknown

Outcome = Literal["approve", "soft", "hard", "confirm", "hang_before", "hang_after"]
"""What a charge comes to: hang before or after the money was taken is what its name says."""

_CODES = {"soft": "insufficient_funds", "hard": "stolen_card"}
CARD = SavedMethod(
    token="tok_1", kind="card", brand="visa", last4="4242", expires_month=12, expires_year=2031
)


class CardGateway(Gateway):
    """All capabilities. `outcomes`: of the charges to come, then `approve`."""

    name = "sandbox"
    capabilities = Capabilities(
        hosted_page=True, saved_methods=True, refunds=True, webhooks=True, expires=True
    )

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.attempts: dict[str, Reported] = {}
        self.charges: list[ChargeRequest] = []
        self.refunds: dict[str, ReportedRefund] = {}
        self.setups: dict[str, ReportedSetup] = {}
        self.forgotten: list[str] = []
        self.refunding: Literal["pending", "succeeded", "failed"] = "succeeded"
        self.meanwhile: Callable[[], None] = lambda: None

    @property
    def captured_minor(self) -> int:
        """All money that came in."""
        paid = (each for each in self.attempts.values() if each.status == "succeeded")
        return sum(each.amount_minor for each in paid)

    def pay(self, reference: str, *, keeps: SavedMethod | None = None) -> None:
        """The payer pays on the page."""
        known = self.attempts[reference]
        assert known.status == "open", "nobody can pay there any more"
        self.attempts[reference] = structs.replace(known, status="succeeded", saved_method=keeps)

    def charge_back(self, reference: str) -> None:
        """The payer's bank takes all of the money back."""
        known = self.attempts[reference]
        lost = ReportedDispute(
            id=f"dp_{reference}",
            amount_minor=known.amount_minor,
            currency=known.currency,
            status="lost",
        )
        self.attempts[reference] = structs.replace(known, disputes=[lost])

    async def open(self, request: PageRequest) -> Opened:
        """See `Gateway.open`."""
        said = _reported(request, status="open", url=f"https://pay.example/{request.reference}")
        known = self.attempts.setdefault(request.reference, said)
        return Opened(id=known.id, url=known.url)

    async def look(self, id: str) -> Reported | None:
        """See `Gateway.look`."""
        return next((each for each in self.attempts.values() if each.id == id), None)

    async def find(self, reference: str) -> Reported | None:
        """See `Gateway.find`."""
        found = self.attempts.get(reference)
        if found is None:
            return None
        own = [r for r in self.refunds.values() if r.id.endswith(found.id)]
        return structs.replace(found, refunds=own)

    async def expire(self, id: str) -> Reported:
        """See `Gateway.expire`. `meanwhile` happens just before."""
        self.meanwhile()
        found = await self.look(id)
        assert found is not None, "it was opened here"
        if found.status == "open":
            found = structs.replace(found, status="expired")
            self.attempts[found.reference] = found
        return found

    async def charge(self, request: ChargeRequest) -> Reported:
        """See `Gateway.charge`."""
        if request.reference not in self.attempts:
            outcome = self.outcomes.pop(0) if self.outcomes else "approve"
            if outcome == "hang_before":
                raise OutcomeUnknown(what="sandbox", cause="TimeoutError")
            self.charges.append(request)
            self.attempts[request.reference] = _charged(request, outcome)
            if outcome == "hang_after":
                raise OutcomeUnknown(what="sandbox", cause="TimeoutError")
        return self.attempts[request.reference]

    async def refund(self, request: RefundRequest) -> ReportedRefund:
        """See `Gateway.refund`."""
        said = ReportedRefund(
            id=f"re_{len(self.refunds)}_{request.payment_id}",
            reference=request.reference,
            amount_minor=request.amount_minor,
            currency=request.currency,
            status=self.refunding,
            failure_code="charge_too_old" if self.refunding == "failed" else None,
        )
        return self.refunds.setdefault(request.reference, said)

    async def open_setup(self, request: SetupRequest) -> Opened:
        """See `Gateway.open_setup`."""
        said = ReportedSetup(
            id=f"set_{request.reference}", reference=request.reference, status="open"
        )
        known = self.setups.setdefault(request.reference, said)
        return Opened(id=known.id, url=f"https://pay.example/{known.id}")

    async def find_setup(self, reference: str) -> ReportedSetup | None:
        """See `Gateway.find_setup`."""
        return self.setups.get(reference)

    async def forget(self, token: str) -> None:
        """See `Gateway.forget`."""
        self.forgotten.append(token)

    def end_setup(self, reference: str, *, keeps: SavedMethod | None = CARD) -> None:
        """The holder typed in a card, or left without."""
        status: Literal["succeeded", "failed"] = "succeeded" if keeps else "failed"
        self.setups[reference] = structs.replace(
            self.setups[reference], status=status, saved_method=keeps
        )


def _charged(request: ChargeRequest, outcome: Outcome) -> Reported:
    if outcome in {"approve", "hang_after"}:
        return _reported(request, status="succeeded")
    if outcome == "confirm":
        return _reported(request, status="open", url=f"https://pay.example/{request.reference}")
    decline: Literal["soft", "hard"] = "hard" if outcome == "hard" else "soft"
    said = _reported(request, status="failed")
    return structs.replace(said, failure_code=_CODES[decline], decline=decline)


def _reported(
    request: PageRequest | ChargeRequest,
    *,
    status: Literal["open", "succeeded", "failed"],
    url: str | None = None,
) -> Reported:
    return Reported(
        id=f"chk_{request.reference}",
        reference=request.reference,
        amount_minor=request.amount_minor,
        currency=request.currency,
        status=status,
        url=url,
    )
