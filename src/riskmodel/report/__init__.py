"""Reports: pages, household sheets and a workbook made from the folder that a scoring run left."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
