"""The verdict on mutants: which became what, and when that is too little."""

import pytest

from tests.mutation import main

RESULTS = """
    services.billing.tax.tax.x_rate__mutmut_1: killed
    services.billing.tax.tax.x_rate__mutmut_2: timeout
    services.billing.held_services.calendar.xǁPeriodǁdays__mutmut_1: killed
    services.billing.held_services.calendar.x_anchored__mutmut_1: {last}
    services.billing.held_services.calendar.x_anchored__mutmut_2: not checked
"""


def test_mutants_that_are_killed_or_run_out_of_time_are_noticed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(RESULTS.format(last="killed").splitlines()) == 0
    assert capsys.readouterr().out.splitlines() == [
        "100 % killed  services.billing.held_services.calendar  (2 killed)",
        "100 % killed  services.billing.tax.tax  (1 killed, 1 timeout)",
    ]


@pytest.mark.parametrize("end", ["survived", "no tests", "suspicious"])
def test_one_file_in_which_too_many_survive_fails(end: str) -> None:
    assert main(RESULTS.format(last=end).splitlines()) == 1


def test_a_run_that_tried_nothing_fails() -> None:
    assert main([]) == 1
