"""Own numbers (nosso número) of boletos as return files write them: filled up, dashed or cut."""


def is_same_own_number(one: str, other: str) -> bool:
    """Whether a number of a return file is one of ours: banks fill up with zeros or leave them out.

    >>> is_same_own_number("0000090002720-7", "900027207"), is_same_own_number("1P", "10")
    (True, False)
    """
    return significant(one) == significant(other)


def significant(own_number: str) -> str:
    """What of an own number is the same however a file writes it.

    >>> significant("0000090002720-7"), significant("00000525P")
    ('900027207', '525P')
    """
    return own_number.replace("-", "").strip().lstrip("0").upper()
