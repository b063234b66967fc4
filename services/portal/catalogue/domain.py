"""What a domain may look like before it is sent to billing, which has the last word."""

import re

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{4,253}}\Z)(?:{_LABEL}\.)+[a-z]{{2,63}}|(?:{_LABEL}\.)+xn--[a-z0-9-]+")


def plain_domain(typed: str) -> str:
    """The domain without what people paste around it, in ASCII; empty if it is none.

    >>> plain_domain(" https://www.Exemplo.com.br/inicio "), plain_domain("no spaces")
    ('www.exemplo.com.br', '')
    """
    host = re.sub(r"^[a-z]+://", "", typed.strip().lower()).split("/")[0].rstrip(".")
    try:
        ascii_host = host.encode("idna").decode()
    except UnicodeError:
        return ""
    return ascii_host if _DOMAIN.fullmatch(ascii_host) else ""
