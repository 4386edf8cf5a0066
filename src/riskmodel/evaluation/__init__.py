"""Judging a model: forward in time, on households not trained on, beside the county's rule and one number."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
