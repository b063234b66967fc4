"""A hundred seeds; that one seed is one history; and that broken kernels are found out."""

import os
import subprocess
import sys

import pytest

from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.simulate import simulate

SEEDS = 100
GROUPS = 5
SEEDS_FOR_A_MUTANT = 40
ONE_SEED = 7


@pytest.mark.parametrize("group", range(GROUPS))
def test_every_property_holds_after_whatever_happens(group: int) -> None:
    size = SEEDS // GROUPS
    outcomes = [simulate(seed) for seed in range(group * size, (group + 1) * size)]
    failed = {outcome.seed: outcome.problem for outcome in outcomes if outcome.problem}
    assert not failed, f"make simulate SEEDS=1 FROM={min(failed)}: {failed}"
    assert sum(outcome.events for outcome in outcomes) > 10 * size


def test_the_same_seed_is_the_same_history_and_another_is_another() -> None:
    first, second = simulate(ONE_SEED), simulate(ONE_SEED)
    assert (first.digest, first.virtual_s) == (second.digest, second.virtual_s)
    assert simulate(ONE_SEED + 1).digest != first.digest


def test_a_seed_is_the_same_history_in_another_interpreter() -> None:
    show = f"from tests.simulation.simulate import simulate as s; print(s({ONE_SEED}).digest)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", show],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": "."},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert digests == {simulate(ONE_SEED).digest + "\n"}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_broken_kernel_is_found_out(mutant: Mutant) -> None:
    with mutant():
        assert any(simulate(seed).problem for seed in range(SEEDS_FOR_A_MUTANT))
