"""The fields of contact data, all of them required, at registration and in the profile."""

from services.portal.browser.forms import Form
from services.portal.browser.sentences import CHECK_FIELDS, REQUIRED
from services.portal.browser.visit import Visit

CONTACT_FIELDS = (
    "name",
    "phone",
    "tax_id",
    "address",
    "city",
    "state",
    "postal_code",
    "country",
    "language",
)


def missing_fields(visit: Visit, form: Form, *, names: tuple[str, ...]) -> Form:
    """The form with an error at each of the fields that is empty."""
    sentence = visit.language.gettext(REQUIRED)
    errors = {name: sentence for name in names if not form.values.get(name, "").strip()}
    alert = visit.language.gettext(CHECK_FIELDS) if errors else ""
    return form.refused(errors=errors, alert=alert)
