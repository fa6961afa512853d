"""Measurements of what the architecture promises; `python -m benchmarks` runs them."""
