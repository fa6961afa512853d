"""Benchmarks of the HTTP API: a server in a process of its own, asked by clients in this one."""
