"""The kernel with one promise broken each, to show that the simulation would notice."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

from shared.consumers import parking, worker
from shared.consumers.checkpoints import Checkpoint, Checkpoints, Run, move_checkpoints
from shared.consumers.declarations import Effect
from shared.consumers.effects import EffectRunner
from shared.envelope import Record
from shared.http import route
from shared.relay import Relay
from tests.simulation.processes import CURRENT

Mutant = Callable[[], Any]


@contextmanager
def checkpoint_in_a_transaction_of_its_own() -> Iterator[None]:
    """What is done and how far it is done commit apart."""

    async def move_elsewhere(
        db: Any, consumer: str, *, runs: Sequence[Run], known: Checkpoints
    ) -> None:
        process = CURRENT.get()
        assert process is not None and process.pool is not None
        async with process.pool.acquire() as other, other.transaction():
            await move_checkpoints(other, consumer, runs=runs, known=known)  # type: ignore[arg-type]

    with mock.patch.object(worker, "move_checkpoints", move_elsewhere):
        yield


@contextmanager
def positions_without_hashes() -> Iterator[None]:
    """Whatever says that it comes next is believed."""

    def precedes(checkpoint: Checkpoint, record: Record) -> bool:
        return record.position == checkpoint.position + 1

    with mock.patch.object(Checkpoint, "precedes", precedes):
        yield


@contextmanager
def outcome_before_the_effect() -> Iterator[None]:
    """An effect is marked as done, and then it is done."""

    async def carry_out(runner: Any, effect: Effect, **_: Any) -> None:
        await runner._end_done(effect, {})
        await runner._reactor.perform(effect)

    with mock.patch.object(EffectRunner, "_carry_out", carry_out):
        yield


@contextmanager
def resent_under_the_same_ids() -> Iterator[None]:
    """A stream that lost its messages is filled again without a new epoch."""
    begin = Relay._begin_epoch

    async def begin_again(relay: Any, epoch: int) -> None:
        await begin(relay, 0)

    with mock.patch.object(Relay, "_begin_epoch", begin_again):
        yield


@contextmanager
def parked_alone() -> Iterator[None]:
    """An event that cannot be applied does not hold back those that follow it."""

    def frozen_key(record: Record) -> str:
        return str(record.id)

    with (
        mock.patch.object(parking, "frozen_key", frozen_key),
        mock.patch.object(worker, "frozen_key", frozen_key),
    ):
        yield


@contextmanager
def keys_forgotten() -> Iterator[None]:
    """A request that is repeated is carried out again."""

    async def nothing_kept(*_: Any, **__: Any) -> None:
        return None

    def keep_nothing(*_: Any, **__: Any) -> None:
        return None

    with (
        mock.patch.object(route, "kept_answer", nothing_kept),
        mock.patch.object(route, "keep_answer", keep_nothing),
    ):
        yield


MUTANTS: list[Mutant] = [
    checkpoint_in_a_transaction_of_its_own,
    positions_without_hashes,
    outcome_before_the_effect,
    resent_under_the_same_ids,
    parked_alone,
    keys_forgotten,
]
