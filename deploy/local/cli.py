"""The `faktura` command: runs the platform on this machine and operates it."""

import sys

from cyclopts import App, Parameter

from deploy.local.commands.brand import brand
from deploy.local.commands.day import day
from deploy.local.commands.demo import demo
from deploy.local.commands.events import events
from deploy.local.commands.logs import show_logs
from deploy.local.commands.parked import parked
from deploy.local.commands.rebuilding import rebuild
from deploy.local.commands.running import down, up
from deploy.local.commands.status import show_status
from deploy.local.commands.verification import verify
from deploy.local.logbook import log_nothing
from deploy.local.screen import problems
from deploy.local.state import CannotRun

app = App(
    name="faktura",
    help="Faktura on this machine: PostgreSQL, NATS, the five services and the sandboxes.",
    version_flags=(),
    default_parameter=Parameter(negative=()),
)
app.command(up, name="up")
app.command(down, name="down")
app.command(show_status, name="status")
app.command(show_logs, name="logs")
app.command(verify, name="verify")
app.command(rebuild, name="rebuild")
for group in (day, events, brand, demo, parked):
    app.command(group)


def main() -> None:
    """The console script. What the operator can mend is said in a line, without a trace."""
    log_nothing()
    try:
        app()
    except CannotRun as reason:
        problems.print(str(reason), style="red", markup=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
