"""Monitoring: scoring a registry, flagging by capacity and by rule, and the files that leave it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
