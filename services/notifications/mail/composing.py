"""From a notice and what is known of its subject to the letter as it is read. Pure."""

from typing import Any

from services.notifications.directory.rows import Brand, LabelByLanguage, Subject
from services.notifications.mail import colours
from services.notifications.mail.links import Links
from services.notifications.mail.notices import Notice
from services.notifications.mail.rendering import CATALOGUES, Letter, render
from shared.i18n import Translations


def compose(notice: Notice, subject: Subject, *, links: Links, token: str | None = None) -> Letter:
    """The letter in the recipient's language, else the brand's; `token` is its one-time link's."""
    wanted = [subject.recipient.language, subject.brand.default_language]
    words = CATALOGUES.best(wanted)
    accent = colours.accent(subject.brand.accent_colour)
    context = {
        "notice": notice,
        "brand": subject.brand,
        "recipient": subject.recipient,
        "links": links,
        "accent": accent,
        "accent_text": colours.as_text(accent),
        "accent_on": colours.text_on(accent),
        **_of_notice(notice, subject.brand, words=words),
        **_of_subject(subject, words),
    }
    if token is not None:
        context["token"] = token
    return render(notice.template, context, words=words)


def _of_notice(notice: Notice, brand: Brand, *, words: Translations) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if notice.amount_minor is not None and notice.currency is not None:
        facts["amount"] = words.money(notice.amount_minor, notice.currency)
        returned_minor = notice.returned_minor
        facts["returned"] = words.money(returned_minor, notice.currency) if returned_minor else ""
    if notice.day is not None:
        facts["day"] = words.day(notice.day)
    if notice.at is not None:
        facts["at"] = words.moment(notice.at, brand.time_zone)
    if notice.method is not None:
        labels = brand.method_labels.get(notice.method, {})
        facts["method"] = _in_language(labels, words, default=brand.default_language)
    return facts


def _of_subject(subject: Subject, words: Translations) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if (invoice := subject.invoice) is not None:
        facts["invoice"] = invoice
        facts["total"] = words.money(invoice.total_minor, invoice.currency)
        facts["due_on"] = words.day(invoice.due_on)
    if (service := subject.service) is not None:
        default = subject.brand.default_language
        product_name = _in_language(service.product_name, words, default=default)
        facts["service"] = service
        facts["product_name"] = product_name
        facts["service_name"] = service.domain or product_name
    if subject.ticket is not None:
        facts["ticket"] = subject.ticket
    return facts


def _in_language(labels: LabelByLanguage, words: Translations, *, default: str) -> str:
    """The label in the reader's language, else in the brand's, else any; empty if there is none."""
    for language in (words.language, default):
        if language in labels:
            return labels[language]
    return next(iter(labels.values()), "")
