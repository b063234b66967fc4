"""A refusal as a page: what happened, in the reader's language, and the way back."""

from collections.abc import Mapping
from http import HTTPStatus

from services.portal.browser.sentences import explain
from shared.errors import DomainError
from shared.i18n import Translations


def _(message: str) -> str:
    """Marks a message for the catalogues."""
    return message


WORDS: Mapping[int, tuple[str, str]] = {
    HTTPStatus.NOT_FOUND: (
        _("We did not find this page"),
        _("The address may be wrong, or the page belongs to another account."),
    ),
    HTTPStatus.FORBIDDEN: (
        _("This form is no longer valid"),
        _("For your safety a form works only from an open page. Open the page again and retry."),
    ),
    HTTPStatus.TOO_MANY_REQUESTS: (
        _("That was a lot at once"),
        _("Please wait a minute and try again."),
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        _("One moment, please"),
        _("Something that we need does not answer right now. Please try again soon."),
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        _("Something went wrong on our side"),
        _("We have been told. Please try again in a few minutes."),
    ),
}


def trouble_words(refusal: DomainError, language: Translations) -> tuple[str, str]:
    """The title and the sentence of a refusal that no form of ours can show."""
    known = WORDS.get(int(refusal.status)) if refusal.code != "forbidden" else None
    if known is None:
        return language.gettext(_("This could not be done")), explain(refusal, language)[1]
    title, text = known
    return language.gettext(title), language.gettext(text)
