"""Every speed claim, as a ratio measured in one run: `python -m bench` (docs/performance.md)."""
