"""The way back from a payment page leads to the brand's own site and nowhere else."""


def is_own_path(path: str) -> bool:
    """A path such as /invoices/1: no other host (`//evil`), no scheme, no backslash, no blank.

    >>> [is_own_path(path) for path in ("/invoices/1", "//evil", "https://evil", "/a b")]
    [True, False, False, False]
    """
    is_absolute = path.startswith("/") and not path.startswith("//")
    return is_absolute and path.isprintable() and not set(path) & {"\\", " "}
