"""The demo's own song, made on the spot so that no recording is shipped."""
