"""What collectors say of their platforms, in French: one file a platform, found by itself. They speak English."""

import pkgutil
from importlib import import_module

FRENCH: dict[str, str] = {}
for _module in pkgutil.iter_modules(__path__):
    FRENCH |= import_module(f"{__name__}.{_module.name}").FRENCH

EN = {f"note.{text}": text for text in FRENCH}
FR = {f"note.{text}": said for text, said in FRENCH.items()}
