"""What the panel is asked to do for one service: requested -> confirmed or refused, one at a time.

The panel works off requests in any order. So while one is in flight the next is only planned, and
is made when the answer is there and it still makes sense: a payment that arrives between a
suspension's request and its confirmation ends in a service that runs.
"""

from dataclasses import dataclass
from typing import Self
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from shared.errors import Conflict

_NAMESPACE = UUID("5c4a4f6e-6d0d-4b54-9a8b-0d3f5f3f8f11")

STATE_AFTER = {
    "create": "running",
    "suspend": "suspended",
    "unsuspend": "running",
    "terminate": "gone",
}
POSSIBLE_IN = {
    "create": {"absent"},
    "suspend": {"running"},
    "unsuspend": {"suspended"},
    "terminate": {"running", "suspended"},
}


class ProvisioningRequestUnknown(Conflict):
    """The panel answers a request that was never made."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request in flight. `reason` is why the service is suspended or terminated."""

    id: UUID
    action: str
    reason: str


class Provisioning(Aggregate):
    """One service at the panel. `state`: absent, running, suspended or gone, as last confirmed."""

    TOPIC = "billing.provisioning"

    class Event(Aggregate.Event):
        TOPIC = "billing.provisioning.event"

    class Prepared(Aggregate.Created):
        TOPIC = "billing.provisioning.prepared"
        account_id: UUID
        brand: str
        service_id: UUID
        plan: str
        domain: str

    class Requested(Aggregate.Event):
        TOPIC = "billing.provisioning.requested"
        request_id: UUID
        action: str
        reason: str

    class Planned(Aggregate.Event):
        TOPIC = "billing.provisioning.planned"
        action: str
        reason: str

    class PlanDropped(Aggregate.Event):
        TOPIC = "billing.provisioning.plan_dropped"

    class Confirmed(Aggregate.Event):
        TOPIC = "billing.provisioning.confirmed"
        request_id: UUID
        action: str

    class Refused(Aggregate.Event):
        TOPIC = "billing.provisioning.refused"
        request_id: UUID
        action: str
        reason: str

    @staticmethod
    def id_of(service_id: UUID) -> UUID:
        return uuid5(_NAMESPACE, str(service_id))

    @classmethod
    def prepare(
        cls, *, account_id: UUID, brand: str, service_id: UUID, plan: str, domain: str
    ) -> Self:
        """A service that the panel has not heard of."""
        return cls(
            id=cls.id_of(service_id),
            account_id=account_id,
            brand=brand,
            service_id=service_id,
            plan=plan,
            domain=domain,
        )

    @event(Prepared)
    def __init__(
        self, *, id: UUID, account_id: UUID, brand: str, service_id: UUID, plan: str, domain: str
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.service_id = service_id
        self.plan = plan
        self.domain = domain
        self.state = "absent"
        self.in_flight: Request | None = None
        self.planned: tuple[str, str] | None = None
        self.answered: frozenset[UUID] = frozenset()

    def request(self, *, request_id: UUID, action: str, reason: str = "") -> None:
        """Ask the panel for `action`, now or after the answer that is outstanding.

        What is so already, is under way or cannot be in this state changes nothing.
        """
        if self.in_flight is None:
            if self.state in POSSIBLE_IN[action]:
                self._requested(request_id=request_id, action=action, reason=reason)
        elif self.in_flight.action == action:
            self._drop_plan()
        elif self.planned != (action, reason) and self._may_follow(action):
            self._planned(action=action, reason=reason)

    def _may_follow(self, action: str) -> bool:
        """Whether `action` can make sense after the request in flight, done or refused."""
        assert self.in_flight is not None
        outcomes = {STATE_AFTER[self.in_flight.action], self.state}
        return bool(outcomes & POSSIBLE_IN[action])

    @event(Requested)
    def _requested(self, request_id: UUID, action: str, reason: str) -> None:
        self.in_flight = Request(id=request_id, action=action, reason=reason)
        self.planned = None

    @event(Planned)
    def _planned(self, action: str, reason: str) -> None:
        self.planned = (action, reason)

    @event(PlanDropped)
    def _plan_dropped(self) -> None:
        self.planned = None

    def confirm(self, *, request_id: UUID, next_request_id: UUID) -> Request | None:
        """The panel did it: what it did, or None when that was known. A plan is asked for now."""
        done = self._answered_request(request_id)
        if done is not None:
            self._confirmed(request_id=request_id, action=done.action)
            self._follow_plan(next_request_id)
        return done

    @event(Confirmed)
    def _confirmed(self, request_id: UUID, action: str) -> None:
        self.state = STATE_AFTER[action]
        self.in_flight = None
        self.answered |= {request_id}

    def refuse(self, *, request_id: UUID, reason: str, next_request_id: UUID) -> None:
        """The panel will not do it. A repeat changes nothing. A plan is asked for if it can be."""
        refused = self._answered_request(request_id)
        if refused is not None:
            self._refused(request_id=request_id, action=refused.action, reason=reason)
            self._follow_plan(next_request_id)

    @event(Refused)
    def _refused(self, request_id: UUID, action: str, reason: str) -> None:
        self.in_flight = None
        self.answered |= {request_id}

    def _answered_request(self, request_id: UUID) -> Request | None:
        """The request in flight that this answers; None for an answer that has been taken."""
        if request_id in self.answered:
            return None
        if self.in_flight is None or self.in_flight.id != request_id:
            raise ProvisioningRequestUnknown()
        return self.in_flight

    def _follow_plan(self, request_id: UUID) -> None:
        if self.planned is None:
            return
        action, reason = self.planned
        if self.state in POSSIBLE_IN[action]:
            self._requested(request_id=request_id, action=action, reason=reason)
        else:
            self._plan_dropped()

    def _drop_plan(self) -> None:
        if self.planned is not None:
            self._plan_dropped()
