"""The client interface that the command line knows: `local` works on a store in a file."""
