"""One worker process: its aligner, its signs of life, and the job in its hands."""
