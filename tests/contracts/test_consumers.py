"""An event that is new to the contracts is new to every view and policy of its source."""

from importlib import import_module

import pytest

from shared.consumers.group import check_declared


@pytest.mark.parametrize("service", ["accounts", "billing", "notifications", "portal", "tickets"])
def test_every_event_is_handled_or_ignored_by_name_wherever_it_arrives(service: str) -> None:
    app = import_module(f"services.{service}.app")
    consumers = [*app.VIEWS, *getattr(app, "POLICIES", ())]
    assert consumers
    for consumer in consumers:
        check_declared(consumer)
