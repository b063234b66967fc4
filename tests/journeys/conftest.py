"""One platform and one browser for the journeys of a test process."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.journeys.collector import Collector, running_collector
from tests.journeys.platform import Platform, running_platform
from tests.journeys.walk import Walk, running_browser


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Takes the spans that the platform exports."""
    with running_collector() as collector:
        yield collector


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def platform(
    tmp_path_factory: pytest.TempPathFactory, collector: Collector, browser: Browser
) -> Iterator[Platform]:
    """The platform with its demo. It asks for the browser, so as not to start without one."""
    home = tmp_path_factory.mktemp("home") / "faktura"
    with running_platform(home, {"FAKTURA_OTLP_ENDPOINT": collector.url}) as platform:
        yield platform


@pytest.fixture
def walk(platform: Platform, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Walk]:
    """A client at a window of their own; a fault of a page's script fails the test."""
    walk = Walk(platform, browser, name=request.node.name)
    yield walk
    walk.picture("end")
    walk.page.context.close()
    assert walk.complaints == []
