"""Object storage (S3, R2) and uploads."""
