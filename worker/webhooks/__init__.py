"""Webhooks: the event of an ended job, signed, sent, and sent again."""
