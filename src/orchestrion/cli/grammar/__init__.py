"""The grammar of the commands, as argparse knows it: `parser` builds it, each group has a module of its own.

Built on every start, so it imports little but argparse: the rest is imported when a command is performed.
argparse, because `re-run ID --tasks A B --no-reset B` has options with several values beside positionals.
"""
