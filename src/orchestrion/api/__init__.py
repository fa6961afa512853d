"""The HTTP API: what StackStorm's clients speak, and our own operations (stackstorm-api)."""
