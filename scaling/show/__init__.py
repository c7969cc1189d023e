"""Fits and plans as text and as HTML."""
