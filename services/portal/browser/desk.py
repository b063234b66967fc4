"""What the composition root makes once and every page uses."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from services.portal.browser.assets import Assets
from services.portal.browser.seal import Seal
from services.portal.browser.sessions import CookieJar
from services.portal.browser.templates import PageTemplates
from services.portal.live.hub import LiveHub
from services.portal.settings import PortalSettings
from shared.http.call import CallContext
from shared.peers import Peers
from shared.reads import Reads

if TYPE_CHECKING:
    from shared.consumers.group import Consumers


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The parts behind the pages."""

    settings: PortalSettings
    peers: Peers
    templates: PageTemplates
    assets: Assets
    seal: Seal
    cookies: CookieJar
    hub: LiveHub
    consumers: "Consumers"
    reads: Reads
    brands_seen: dict[str, Any] = field(default_factory=dict)
    """By host name the `Brand` as it was last read: its look, while the database is silent."""


def desk_of(call: CallContext) -> Desk:
    """The desk, typed."""
    desk = call.state
    assert isinstance(desk, Desk), "app.py makes the desk"
    return desk
