"""A key for tests, as the service's own makes marks with it."""

from app.access.seal import Keyring

KEYS = Keyring.of(b"k" * 32)
