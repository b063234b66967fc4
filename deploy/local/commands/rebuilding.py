"""`faktura rebuild`."""

import subprocess
import sys

from deploy.local.installation import Installation, inherited
from deploy.local.keys import SERVICES
from deploy.local.state import PROJECT, CannotRun, Home


def rebuild(service: str, *views: str) -> int:
    """Build views anew from the events, beside the live ones, and swap them in; all serve on.

    Parameters
    ----------
    service
        Whose views: accounts, billing, tickets, notifications or portal; or `all`.
    views
        Only these views; otherwise every view of the service.
    """
    if service not in (*SERVICES, "all"):
        raise CannotRun(f"There is no service {service}. There are: {', '.join(SERVICES)}, all.")
    if service == "all" and views:
        raise CannotRun("Views are named together with their service.")
    installation = Installation.open(Home.find())
    codes = [
        _rebuild(installation, each, views=views)
        for each in (SERVICES if service == "all" else (service,))
    ]
    return max(codes)


def _rebuild(installation: Installation, service: str, *, views: tuple[str, ...]) -> int:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.rebuild", service, *views],
        env=inherited() | installation.migration_environment(service),
        cwd=PROJECT,
        check=False,
    )
    return done.returncode
