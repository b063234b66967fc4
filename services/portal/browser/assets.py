"""The files that pages load, read once at start: Tabler and htmx from npm, our own beside them.

An address holds the hash of the file, so that browsers may keep it for ever.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from services.portal.browser.refusals import NoSuchPage

OWN = Path(__file__).parents[1] / "assets"
MODULES = Path(__file__).parents[3] / "node_modules"
FILES: Mapping[str, Path] = {
    "tabler.css": MODULES / "@tabler/core/dist/css/tabler.min.css",
    "htmx.js": MODULES / "htmx.org/dist/htmx.min.js",
    "hx-sse.js": MODULES / "htmx.org/dist/ext/hx-sse.min.js",
    "portal.css": OWN / "portal.css",
    "portal.js": OWN / "portal.js",
    "theme.js": OWN / "theme.js",
}
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """A file as it is served."""

    plain: bytes
    packed: bytes
    media_type: str
    version: str


class Assets:
    """All files that pages may load; nothing else of the disk is served."""

    def __init__(self, files: Mapping[str, Path] = FILES) -> None:
        self._assets = {name: _read(path) for name, path in files.items()}

    def address(self, name: str) -> str:
        """Where pages load the file from."""
        return f"/assets/{self._assets[name].version}/{name}"

    def answer(self, request: Request, version: str, *, name: str) -> Response:
        """The file, packed for browsers that take it so. `NoSuchPage` if there is none."""
        asset = self._assets.get(name)
        if asset is None or asset.version != version:
            raise NoSuchPage()
        headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(asset.plain, media_type=asset.media_type, headers=headers)
        headers["Content-Encoding"] = "gzip"
        return Response(asset.packed, media_type=asset.media_type, headers=headers)


def _read(path: Path) -> Asset:
    plain = path.read_bytes()
    return Asset(
        plain=plain,
        packed=gzip.compress(plain, 9, mtime=0),
        media_type=TYPES[path.suffix],
        version=hashlib.sha256(plain).hexdigest()[:12],
    )
