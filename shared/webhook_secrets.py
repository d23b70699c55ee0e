"""The secrets that sign webhooks."""

import re

from standardwebhooks import Webhook

from shared.settings import Settings, variable


def read_signers(settings: Settings) -> list[Webhook]:
    """Make a signer of each secret that is set; several are for while one is being rotated.

    Raises `ValueError`, naming the setting, for a secret that is not base64.
    """
    text = settings.webhook_secret.get_secret_value() if settings.webhook_secret else ""
    try:
        return [Webhook(secret) for secret in re.split(r"[\s,]+", text) if secret]
    except ValueError as error:
        raise ValueError(
            f"{variable('webhook_secret')}: write whsec_ and at least 24 bytes in base64 "
            "(openssl rand -base64 32); several are separated by spaces"
        ) from error
