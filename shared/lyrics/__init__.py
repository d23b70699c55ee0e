"""The rules of lyrics: what a line is, and what of it is sung."""
