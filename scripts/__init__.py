"""What `make run` and `make demo` start, and the tools of the Makefile."""
