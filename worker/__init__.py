"""The worker: takes jobs from the queue and puts lyrics in time."""
