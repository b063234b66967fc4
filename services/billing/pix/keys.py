"""PIX keys (chaves): what they look like, and which kind of key a text is.

Source: Banco Central, DICT API, format of keys: CPF, CNPJ, e-mail, phone, random (EVP).
"""

import re
from dataclasses import dataclass

from stdnum.br import cnpj, cpf

from shared.errors import Invalid

LONGEST_KEY = 77

FORMS = {
    "cpf": re.compile(r"[0-9]{11}"),
    "cnpj": re.compile(r"[0-9A-Z]{12}[0-9]{2}"),
    "phone": re.compile(r"\+[1-9][0-9]{2,14}"),
    "email": re.compile(
        r"[a-z0-9.!#$&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
        r"(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
    ),
    "random": re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
}
"""Each kind of key as the directory stores it."""

PUNCTUATION = re.compile(r"[.\-/\s()]")


class PixKeyInvalid(Invalid):
    """The text is not a PIX key of any kind."""


@dataclass(frozen=True, slots=True)
class PixKey:
    """A key in the directory's form. `kind`: cpf, cnpj, phone, email or random."""

    kind: str
    value: str


def pix_key(text: str) -> PixKey:
    """The key behind `text`, with or without the punctuation of a CPF, CNPJ or phone number.

    A phone number needs its + (11 digits are a CPF). Check digits of CPF and CNPJ are checked;
    whether the key is anybody's, only the directory knows. Errors: PixKeyInvalid.

    >>> pix_key("390.533.447-05"), pix_key("+55 (61) 91234-5678").value
    (PixKey(kind='cpf', value='39053344705'), '+5561912345678')
    """
    lowered = text.strip().lower()
    bare = PUNCTUATION.sub("", text).upper()
    for kind, value in (("random", lowered), ("email", lowered), ("phone", bare)):
        if len(value) <= LONGEST_KEY and FORMS[kind].fullmatch(value):
            return PixKey(kind=kind, value=value)
    if FORMS["cpf"].fullmatch(bare) and cpf.is_valid(bare):
        return PixKey(kind="cpf", value=bare)
    if FORMS["cnpj"].fullmatch(bare) and cnpj.is_valid(bare):
        return PixKey(kind="cnpj", value=bare)
    raise PixKeyInvalid(field="key")


def has_form_of_a_key(text: str) -> bool:
    """Whether a code that somebody else made may name this key; nothing is corrected.

    >>> has_form_of_a_key("12345678901"), has_form_of_a_key("123")
    (True, False)
    """
    if len(text) > LONGEST_KEY:
        return False
    return any(
        form.fullmatch(written) for form in FORMS.values() for written in (text, text.lower())
    )
