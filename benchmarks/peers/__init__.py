"""Other durable engines doing the same, each in a virtual environment of its own."""
