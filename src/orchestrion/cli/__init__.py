"""The command line: words to requests, views to text. It decides nothing."""
