"""What the panel is asked to do for one service: requested -> confirmed or refused, one at a time.

The panel works off requests in any order. So while one is in flight the next is only planned, and
is made when the answer is there and it still makes sense: a payment that arrives between a
suspension's request and its confirmation ends in a service that runs.
"""

from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, Self
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from services.billing.why.why import Why
from shared.errors import Conflict

_NAMESPACE = UUID("5c4a4f6e-6d0d-4b54-9a8b-0d3f5f3f8f11")

STATE_AFTER = {
    "create": "running",
    "suspend": "suspended",
    "unsuspend": "running",
    "terminate": "gone",
    "transfer": "gone",
}
"""A change of the plan leaves the state as it is. What is transferred is another service's."""
POSSIBLE_IN = {
    "create": {"absent"},
    "suspend": {"running"},
    "unsuspend": {"suspended"},
    "terminate": {"running", "suspended"},
    "change_plan": {"running", "suspended"},
    "transfer": {"running", "suspended"},
}


class ProvisioningRequestUnknown(Conflict):
    """The panel answers a request that was never made."""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What the service is to be at the panel: its plan there, with options by name.

    `successor_id`: the service that holds it after a transfer, for `account_id`.
    """

    plan: str
    options: dict[str, str] = field(default_factory=dict)
    successor_id: UUID | None = None
    account_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be asked; `reason` is why the service is suspended or comes to its end.

    `grace_ends_on`: until then staff lets a service run that is in debt.
    """

    action: str
    reason: str = ""
    goal: Goal | None = None
    why: Why | None = None
    grace_ends_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Request(Wish):
    """One request in flight."""

    id: UUID


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
        options: dict[str, str] = field(default_factory=dict)
        state: str = "absent"

    class Requested(Aggregate.Event):
        TOPIC = "billing.provisioning.requested"
        request_id: UUID
        action: str
        reason: str
        goal: Goal | None = None
        why: Why | None = None
        grace_ends_on: date | None = None

        def apply(self, aggregate: Any) -> None:
            """It is in flight, and what was planned is asked for or out of date."""
            aggregate.in_flight = Request(id=self.request_id, **_wish_of(self))
            aggregate.planned = None

    class Planned(Aggregate.Event):
        TOPIC = "billing.provisioning.planned"
        action: str
        reason: str
        goal: Goal | None = None
        why: Why | None = None
        grace_ends_on: date | None = None

        def apply(self, aggregate: Any) -> None:
            """It is asked for after the answer that is outstanding."""
            aggregate.planned = Wish(**_wish_of(self))

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
    def prepare(cls, **says: Any) -> Self:
        """A service that the panel has not heard of, unless `state` says what it is there."""
        return cls(
            **{"id": cls.id_of(says["service_id"]), "options": {}, "state": "absent", **says}
        )

    @event(Prepared)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        service_id: UUID,
        plan: str,
        domain: str,
        options: dict[str, str],
        state: str,
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.service_id = service_id
        self.domain = domain
        self.goal = Goal(plan=plan, options=options)
        self.state = state
        self.in_flight: Request | None = None
        self.planned: Wish | None = None
        self.answered: frozenset[UUID] = frozenset()

    @property
    def suspension_reasons(self) -> set[str]:
        """Why the panel has been or will be asked to stop it, without its answer yet."""
        wishes = (self.in_flight, self.planned)
        return {wish.reason for wish in wishes if wish and wish.action == "suspend"}

    @property
    def is_being_lifted(self) -> bool:
        """Whether the panel has been or will be asked to let it run again; it has not answered."""
        return any(wish and wish.action == "unsuspend" for wish in (self.in_flight, self.planned))

    def request(
        self,
        *,
        request_id: UUID,
        action: str,
        reason: str = "",
        goal: Goal | None = None,
        why: Why | None = None,
    ) -> None:
        """Ask the panel for `action`, now or after the answer that is outstanding.

        `goal`: what the service is to be there, if that changes. What is so already, is under way
        or cannot be in this state changes nothing.
        """
        self._want(request_id, Wish(action=action, reason=reason, goal=goal or self.goal, why=why))

    def lift(self, *, request_id: UUID, grace_ends_on: date | None, why: Why | None = None) -> None:
        """Ask the panel to run it, in debt until `grace_ends_on`; else as `request`."""
        wish = Wish(action="unsuspend", goal=self.goal, why=why, grace_ends_on=grace_ends_on)
        self._want(request_id, wish)

    def _want(self, request_id: UUID, wish: Wish) -> None:
        if self.in_flight is None:
            if self.state in POSSIBLE_IN[wish.action] and not self._is_so(wish):
                self._ask(request_id, wish)
        elif (self.in_flight.action, self.in_flight.goal) == (wish.action, wish.goal):
            self._drop_plan()
        elif not _is_same(self.planned, wish) and self._may_follow(wish.action):
            self.trigger_event(self.Planned, **vars(wish))

    def _is_so(self, wish: Wish) -> bool:
        return wish.action == "change_plan" and wish.goal == self.goal

    def _may_follow(self, action: str) -> bool:
        """Whether `action` can make sense after the request in flight, done or refused."""
        assert self.in_flight is not None
        outcomes = {STATE_AFTER.get(self.in_flight.action, self.state), self.state}
        return bool(outcomes & POSSIBLE_IN[action])

    def _ask(self, request_id: UUID, wish: Wish) -> None:
        self.trigger_event(self.Requested, request_id=request_id, **vars(wish))

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
        done = self.in_flight
        self.state = STATE_AFTER.get(action, self.state)
        if done and done.goal:
            self.goal = done.goal
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
        if self.state in POSSIBLE_IN[self.planned.action] and not self._is_so(self.planned):
            self._ask(request_id, self.planned)
        else:
            self._plan_dropped()

    def _drop_plan(self) -> None:
        if self.planned is not None:
            self._plan_dropped()


def _wish_of(event: Provisioning.Requested | Provisioning.Planned) -> dict[str, Any]:
    return {each.name: getattr(event, each.name) for each in fields(Wish)}


def _is_same(planned: Wish | None, wish: Wish) -> bool:
    """Whether it is planned already, for whatever cause."""
    return planned is not None and replace(planned, why=None) == replace(wish, why=None)
