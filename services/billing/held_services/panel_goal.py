"""What the panel has to make of a service."""

from services.billing.held_services.terms import ServiceTerms
from services.billing.provisioning.provisioning import Goal


def goal_of(terms: ServiceTerms) -> Goal:
    """The plan and the options of a service at these terms, as the panel names them."""
    return Goal(plan=terms.plan, options=terms.panel_options)
