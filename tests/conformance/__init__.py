"""Replays conformance vectors against the core: `python -m tests.conformance FILE...`."""
