"""Marks by which what was erased is known again. The key is read when the first one is made: most need none."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.access.seal import Keyring
    from app.settings import Settings


class Marks:
    def __init__(self, settings: "Settings", keys: "Keyring | None" = None) -> None:
        self._settings, self._keys = settings, keys

    def __call__(self, text: str) -> str:
        if self._keys is None:
            from app.access import keyfile

            self._keys = keyfile.keyring(self._settings)
        return self._keys.mac(text)
