"""Static files under names that hold a hash of their content, so that browsers keep each for ever."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

STATIC = Path(__file__).parent / "static"
SERVED = {".css", ".js", ".svg", ".png", ".woff2"}
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

_IMPORT = re.compile(r"""(\bfrom\s+|\bimport\s+)"\./([\w-]+\.js)\"""")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    content: bytes
    media_type: str


class Assets:
    """All files of the static folder, read once. A module's imports are rewritten to the hashed names of what it imports."""

    def __init__(self, made: Mapping[str, bytes], folder: Path = STATIC) -> None:
        """Read the folder.

        Args:
            made: further files by name, made at start from settings.
            folder: where the files lie.
        """
        self._sources = {
            str(PurePosixPath(path.relative_to(folder))): path.read_bytes()
            for path in folder.rglob("*")
            if path.suffix in SERVED
        } | dict(made)
        self._urls: dict[str, str] = {}
        self._assets: dict[str, Asset] = {}
        for name in self._sources:
            self.url(name)

    def url(self, name: str) -> str:
        """Return the address of a file, such as `css/site.css`; an unknown name is a KeyError, that is a defect."""
        if name not in self._urls:
            path = PurePosixPath(name)
            content = self._sources[name]
            if path.suffix == ".js":
                content = self._with_hashed_imports(path, content)
            digest = hashlib.sha256(content).hexdigest()[:12]
            hashed = str(path.with_name(f"{path.stem}.{digest}{path.suffix}"))
            media_type = TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
            self._assets[hashed] = Asset(content, media_type)
            self._urls[name] = f"/static/{hashed}"
        return self._urls[name]

    def find(self, hashed: str) -> Asset | None:
        """Return the file of a hashed name, or None."""
        return self._assets.get(hashed)

    def _with_hashed_imports(self, path: PurePosixPath, content: bytes) -> bytes:
        def hashed(match: re.Match[str]) -> str:
            return f'{match[1]}"{self.url(str(path.with_name(match[2])))}"'

        return _IMPORT.sub(hashed, content.decode("utf-8")).encode("utf-8")
