"""What is measured on a real store: SQLite in one file, `synchronous=FULL`, the settings of the product."""
