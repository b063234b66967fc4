"""One stand for the files that start a whole platform, and the books of what it was asked."""

from collections.abc import Iterator

import pytest

from tests.faults.books import Books
from tests.faults.stand import Stand, running_stand


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """The platform behind two proxies."""
    with running_stand(tmp_path_factory.mktemp("stand") / "faktura") as stand:
        yield stand


@pytest.fixture(scope="session")
def books() -> Books:
    """Everything that the stand has answered so far."""
    return Books()
