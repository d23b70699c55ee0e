"""What the API and the worker both speak: settings, jobs, storage, lyrics and formats."""
