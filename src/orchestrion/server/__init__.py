"""Processes that work for a whole store: an engine in the main thread, and servers beside it."""
