"""The roles of staff: each may do what the one before it may, and an administrator everything."""

from itertools import pairwise
from typing import get_args

from services.accounts.staff.roles import ADMIN, PERMISSIONS, Role, permissions_of
from shared.contracts.permissions import STAFF_PERMISSIONS


def test_each_role_may_do_more_than_the_one_before_it() -> None:
    assert tuple(PERMISSIONS) == get_args(Role)
    for lesser, greater in pairwise(PERMISSIONS.values()):
        assert set(lesser) < set(greater)


def test_an_administrator_may_do_everything_and_nobody_something_unknown() -> None:
    assert PERMISSIONS[ADMIN] == STAFF_PERMISSIONS
    assert len(set(STAFF_PERMISSIONS)) == len(STAFF_PERMISSIONS)


def test_who_has_no_role_may_do_nothing() -> None:
    assert permissions_of("") == permissions_of("owner") == ()
