"""A fit and a plan as one HTML page that can be handed around."""

from scaling.report.contents import Contents, gather
from scaling.report.page import render, write_report

__all__ = ["Contents", "gather", "render", "write_report"]
