"""Household histories in, an explained list for home visits out.

The public names are loaded when they are first used, so that importing the package costs next to nothing.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
