#!/usr/bin/env bash
# Write .env for docker compose: .env.example with fresh passwords and a fresh API key.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ -e .env ]]; then
    echo '.env is there already; remove it first for a fresh one' >&2
    exit 1
fi
secret() { head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
umask 077
sed -e "s/^REDIS_PASSWORD=.*/REDIS_PASSWORD=$(secret)/" \
    -e "s/^FLOWER_PASSWORD=.*/FLOWER_PASSWORD=$(secret)/" \
    -e "s/^SOW_QWEN3_API_KEY=.*/SOW_QWEN3_API_KEY=$(secret)/" \
    .env.example >.env
echo 'wrote .env: passwords for Redis and Flower, and the API key that callers send'
