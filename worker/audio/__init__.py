"""A song's audio: fetched, looked at, and decoded to samples."""
