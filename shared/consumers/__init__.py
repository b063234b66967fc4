"""What happens after an event: views, policies and reactors, exactly once each."""

from shared.consumers.declarations import Effect, Intent, Policy, Reactor, Refused, View
from shared.consumers.rows import Rows
from shared.envelope import Envelope

__all__ = ["Effect", "Envelope", "Intent", "Policy", "Reactor", "Refused", "Rows", "View"]
