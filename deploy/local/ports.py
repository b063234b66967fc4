"""Ports on loopback: chosen once, kept between runs while they are free."""

import errno
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from deploy.local.keys import SERVICES
from deploy.local.state import CannotRun, Home, read_json, write_json

LOOPBACK = "127.0.0.1"
PREFERRED: Mapping[str, int] = {
    "portal": 7100,
    "accounts": 7101,
    "billing": 7102,
    "tickets": 7103,
    "notifications": 7104,
    "portal-ops": 7105,
    "accounts-ops": 7106,
    "billing-ops": 7107,
    "tickets-ops": 7108,
    "notifications-ops": 7109,
    "gateway": 7110,
    "panel": 7111,
    "mail": 7112,
    "smtp": 7113,
    "postgres": 7120,
    "nats": 7121,
    "nats-2": 7122,
    "nats-3": 7123,
    "nats-route": 7124,
    "nats-2-route": 7125,
    "nats-3-route": 7126,
}
OPS = "-ops"
"""After a process's name: the port where its figures are, apart from what the world may ask."""
STEP = 30
LAST = 20000


def member_name(service: str, number: int) -> str:
    """The name of a service's process; numbers begin with 1.

    >>> [member_name("billing", number) for number in (1, 2)]
    ['billing', 'billing-2']
    """
    return service if number == 1 else f"{service}-{number}"


def members_of(service: str, ports: Mapping[str, int]) -> list[str]:
    """The names of the service's processes, as many as were started last."""
    names = [member_name(service, number) for number in range(1, len(ports))]
    return [name for name in names if name in ports]


def preferred_ports(processes: int) -> dict[str, int]:
    """The ports of an installation with so many processes of each service, if all are free."""
    more = {
        f"{member_name(service, number)}{kind}": PREFERRED[f"{service}{kind}"] + STEP * (number - 1)
        for service in SERVICES
        for number in range(2, processes + 1)
        for kind in ("", OPS)
    }
    return {**PREFERRED, **more}


@contextmanager
def claimed_ports(home: Home, *, processes: int = 1) -> Iterator[dict[str, int]]:
    """The installation's ports. One that somebody else listens on by now is chosen anew.

    Begin it only while nothing of the installation runs. Until its end no other installation
    chooses these ports, also before anybody listens on them.
    """
    kept = read_json(home.folder / "ports.json") or {}
    chosen: dict[str, int] = {}
    with ExitStack() as claims:
        for name, preferred in preferred_ports(processes).items():
            wishes = (kept.get(name, preferred), *range(preferred, LAST, STEP))
            chosen[name] = _first_free(name, wishes, claims=claims)
        write_json(home.folder / "ports.json", chosen)
        yield chosen


def known_ports(home: Home) -> dict[str, int]:
    """The ports as they were chosen last."""
    ports = read_json(home.folder / "ports.json")
    if ports is None:
        raise CannotRun("There is no installation yet. `faktura up` makes one.")
    return dict(ports)


def is_free(port: int) -> bool:
    """Whether nobody listens on the port, on either loopback address."""
    return _can_bind(socket.AF_INET, address=LOOPBACK, port=port) and _can_bind(
        socket.AF_INET6, address="::1", port=port
    )


def _first_free(name: str, wishes: tuple[int, ...], *, claims: ExitStack) -> int:
    for port in wishes:
        if _claim(port, claims) and is_free(port):
            return port
    raise CannotRun(f"No free port for {name} was found below {LAST}.")


def _claim(port: int, claims: ExitStack) -> bool:
    """Whether it is ours: the UDP port of the number, of no other use, is held by one at a time."""
    claim = claims.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    try:
        claim.bind((LOOPBACK, port))
    except OSError:
        return False
    return True


def _can_bind(family: socket.AddressFamily, *, address: str, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        # A machine without IPv6 has nobody listening there.
        return error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
    return True
