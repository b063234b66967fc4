"""Given / when / then for aggregates, with the history rebuilt through the real codec."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar
from uuid import UUID

from eventsourcing.domain import Aggregate, CanMutateAggregate

from shared.codec import TypedMapper

KEY = bytes(range(32))
A = TypeVar("A", bound=Aggregate)


def rebuilt(aggregate: A) -> A:
    """The aggregate as it would be loaded: its pending events stored, read and applied again."""
    writer, reader = TypedMapper(key=KEY), TypedMapper(key=KEY)
    again: Any = None
    for event in aggregate.pending_events:
        stored = writer.to_stored_event(event)
        again = reader.to_domain_event(stored).mutate(again)  # type: ignore[attr-defined]
    assert type(again) is type(aggregate)
    return again


class Given(Generic[A]):
    """An aggregate with a history, before the command under test."""

    def __init__(self, aggregate: A) -> None:
        self._aggregate = rebuilt(aggregate)

    def when(self, command: Callable[[A], Any]) -> "When[A]":
        """Give the command."""
        return When(self._aggregate, command)


class When(Generic[A]):
    """The command, ready to be judged."""

    def __init__(self, aggregate: A, command: Callable[[A], Any]) -> None:
        self._aggregate = aggregate
        self._command = command

    def then(self, *expected: tuple[type[CanMutateAggregate[UUID]], dict[str, Any]]) -> A:
        """Exactly these events, each with exactly these fields, and replay gives the same state."""
        self._command(self._aggregate)
        found = [(type(event), fields_of(event)) for event in self._aggregate.pending_events]
        assert found == list(expected)
        _check_codec(self._aggregate)
        return self._aggregate

    def then_nothing(self) -> None:
        """The command is a repetition: no event."""
        self.then()

    def then_refused(self, error: type[Exception]) -> None:
        """The command is refused and leaves no event."""
        try:
            self._command(self._aggregate)
        except error:
            assert self._aggregate.pending_events == []
            return
        raise AssertionError(f"{error.__name__} was not raised")


def given(aggregate: A) -> Given[A]:
    """Start from an aggregate that commands have brought to the state before the test."""
    return Given(aggregate)


def fields_of(event: CanMutateAggregate[UUID]) -> dict[str, Any]:
    """The event's own fields, without what the library adds."""
    library = ("originator_id", "originator_version", "timestamp", "originator_topic")
    return {name: value for name, value in vars(event).items() if name not in library}


def _check_codec(aggregate: Aggregate) -> None:
    writer, reader = TypedMapper(key=KEY), TypedMapper(key=KEY)
    for event in aggregate.pending_events:
        again = reader.to_domain_event(writer.to_stored_event(event))
        assert vars(again) == vars(event)
