"""What a page says on top after a form has done its work; the address names the sentence."""

from collections.abc import Mapping


def _(message: str) -> str:
    """Marks a message for the catalogues."""
    return message


NOTICES: Mapping[str, str] = {
    "contact": _("Your contact data are saved."),
    "password": _("Your new password is saved; every other session has ended."),
    "password_changed": _("Your new password is saved. Sign in with it."),
    "confirmed": _("Your e-mail is confirmed. Sign in to go on."),
    "signed_out": _("You have signed out."),
    "session_ended": _("The session was ended."),
    "ticket": _("Your ticket was sent. We answer here and by e-mail."),
    "reply": _("Your answer was sent."),
    "closed": _("The ticket is closed."),
    "paying": _("If you have just paid, the confirmation arrives here in a moment."),
    "none": _("There is nothing to pay there."),
    "card": _("If you have just saved a card, it appears here in a moment."),
    "default": _("This card is charged from now on."),
    "removed": _("The card is forgotten, here and at our payment partner."),
    "autopay_on": _("Automatic payment is on: invoices are charged on their due date."),
    "autopay_off": _("Automatic payment is off. Your cards stay saved."),
    "order_cancelled": _("The order is cancelled; nothing is owed for it."),
    "order": _("Thank you! Your order is placed; here is its invoice."),
    "lift_asked": _("The panel is asked to run the service; this page says so when it does."),
    "parked_retry": _("It is being tried again. If it fails again, it stays in this list."),
    "parked_skip": _("It is left out for good; what waited behind it goes on."),
    "parked_settled": _("Nothing is left to decide there: it is no longer parked."),
}
