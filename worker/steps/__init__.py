"""What the worker's parent process does beside Celery's own work."""
