"""The routes of the HTTP contract."""
