"""The gateways of this installation by name; `app.py` fills it once."""

from collections.abc import Iterable, Iterator

from services.billing.gateways.port import Gateway
from shared.errors import Conflict, NotFound


class GatewayNotConfigured(Conflict):
    """This installation has no access to the gateway of this way to pay."""


class Gateways:
    """Every gateway that payments may go through. A brand's way to pay names one of them."""

    def __init__(self, gateways: Iterable[Gateway]) -> None:
        self._by_name: dict[str, Gateway] = {}
        for gateway in gateways:
            assert gateway.name not in self._by_name, f"two gateways are named {gateway.name}"
            self._by_name[gateway.name] = gateway

    def __iter__(self) -> Iterator[Gateway]:
        return iter(self._by_name.values())

    def named(self, name: str) -> Gateway:
        """The gateway of that name, or `GatewayNotConfigured`."""
        if name not in self._by_name:
            raise GatewayNotConfigured(gateway=name)
        return self._by_name[name]

    def found(self, name: str) -> Gateway:
        """The gateway of that name, `NotFound` where somebody else says the name."""
        if name not in self._by_name:
            raise NotFound()
        return self._by_name[name]

    async def close(self) -> None:
        """Close the connections of all."""
        for gateway in self:
            await gateway.close()
