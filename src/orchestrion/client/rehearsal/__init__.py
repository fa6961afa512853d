"""Rehearsals: workflows run in memory against canned results, for the people who write them.

No action runs, nothing is stored, and the time is made up. `script` reads a file of tests, `play` runs one of
them by the same core as everything else, `verdict` compares what has happened with what was expected.
"""
