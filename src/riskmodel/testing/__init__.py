"""Checks that a feature, a registry or a training set does not know the future, and histories written by hand."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
