"""How executions, plans and problems look on a terminal, in a pipe and as JSON."""
