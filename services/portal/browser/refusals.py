"""Why a page is not shown: refusals of the portal itself."""

from shared.errors import Forbidden, Invalid, NotFound, TooMany, Unauthenticated


class UnknownBrand(Invalid):
    """No brand answers under this host name."""

    status = 400  # type: ignore[assignment]


class NoSuchPage(NotFound):
    """There is no such page."""


class NotHereYet(NotFound):
    """The thing exists, but the views have not seen it yet."""


class SignInNeeded(Unauthenticated):
    """This page is for signed-in users."""


class StaffOnly(NotFound):
    """This page is for the brand's staff."""


class ClientsOnly(NotFound):
    """This page is for clients; staff has pages of its own."""


class FormExpired(Forbidden):
    """The form was not sent from a page of this session."""


class FormUnreadable(Invalid):
    """The form has too many or too long fields, or bytes that are no text."""


class TooManyStreams(TooMany):
    """The user has five live connections already."""
