"""The store: the schema, and every SQL statement. It decides nothing."""
