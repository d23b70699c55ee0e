"""Reaching addresses that callers name, without being led anywhere private."""
