"""What Python actions import of StackStorm; only their own processes have it on their path."""
