"""Printable papers in Chinese: one template each, on one base."""

from gateway.documents.paper import render

__all__ = ["render"]
