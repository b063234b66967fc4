"""The health check of a container: exit 0 when its own HTTP server answers.

A service is asked whether it is ready; a sandbox has only its start page.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException

ANSWER_WITHIN_S = 4


def main() -> int:
    """Ask the port that the container's settings name."""
    service = os.environ.get("FAKTURA_PORT")
    port = service or os.environ["SANDBOX_PORT"]
    connection = HTTPConnection("127.0.0.1", int(port), timeout=ANSWER_WITHIN_S)
    try:
        connection.request("GET", "/health/ready" if service else "/")
        return 0 if connection.getresponse().status < 500 else 1
    except (OSError, HTTPException):
        return 1


if __name__ == "__main__":
    sys.exit(main())
