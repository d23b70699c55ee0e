"""The tasks, each thin: what they do is elsewhere."""
