"""Every setting of the service, read from the environment with the prefix `SOW_QWEN3_`."""

import sys
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "SOW_QWEN3_"

Names = Annotated[tuple[str, ...], NoDecode]
"""Names separated by commas in the environment."""


class Settings(BaseSettings):
    """The settings; the docstring under each says what it does (README.md has them in a table)."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        use_attribute_docstrings=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    redis_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    """Where Redis is; a password goes into the address."""
    api_key: SecretStr | None = None
    """The one key that callers must send, named `default`. No key at all: everybody may call."""
    api_keys: SecretStr | None = None
    """Several keys, each with the name that its jobs belong to: `app:secret,admin:secret`."""
    public_url: str = "http://127.0.0.1:8000"
    """The API's address as callers reach it, for the links in jobs and webhooks."""

    aligner: Literal["qwen3", "dtw"] = "qwen3"
    """The aligner: `qwen3` needs the model, `dtw` needs nothing and suits clear speech."""
    model_path: str = "/models/qwen3-forced-aligner"
    """The model's folder, or its name on the Hugging Face hub."""
    model_revision: str | None = None
    """The revision to take from the hub: a commit, a tag or a branch."""
    device: str = "auto"
    """Where to compute: `auto` (CUDA, then MPS, then CPU), `cpu`, `cuda`, `cuda:1`, `mps`."""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """The model's number type; `auto` is bfloat16 where the hardware has it, else float32."""
    encoder_attention: Literal["windows", "package"] = "windows"
    """The audio encoder's attention: its 8 s windows, as trained, or qwen-asr's whole clip."""
    review_score: float | None = None
    """A line whose mean log-probability is below this is marked `needs_review`; none takes the
    aligner's own (-1.0 for `qwen3`, not calibrated on songs: see `python -m worker.calibrate`)."""
    mismatch_score: float | None = None
    """A job below this is said to have lyrics that are not the recording's (`mismatch`); none
    takes the aligner's own (-1.5 for `qwen3`, from speech, not calibrated on songs)."""
    max_concurrent: int = Field(default=2, ge=1)
    """Jobs that one worker does at a time, each in its own process with its own model."""

    r2_bucket: str | None = None
    """The bucket that songs come from and uploads go to."""
    r2_endpoint_url: str | None = None
    """The S3 endpoint of R2 or another store; none is Amazon's own."""
    r2_access_key_id: SecretStr | None = None
    """The store's access key id; none leaves it to boto3's usual places."""
    r2_secret_access_key: SecretStr | None = None
    """The store's secret access key."""
    allowed_buckets: Names = ()
    """More buckets that `s3://` addresses may name, separated by commas."""
    allowed_hosts: Names = ()
    """Hosts (`name` or `name:port`) that audio and webhook addresses may name although they are
    not on the public internet, separated by commas; plain `http` is allowed for them too."""
    cache_dir: str = "/cache"
    """Where fetched audio is kept by its content's hash."""
    cache_bytes: int = Field(default=10_000_000_000, ge=0)
    """What fetched audio may take there in all; the oldest goes first (bytes)."""
    upload_dir: str | None = None
    """Where uploads are kept when there is no bucket; API and workers must share it."""

    webhook_secret: SecretStr | None = None
    """One or several secrets (`whsec_…`, separated by spaces or commas) that sign webhooks."""

    max_audio_bytes: int = Field(default=100_000_000, ge=1)
    """The largest audio file (bytes)."""
    max_audio_seconds: float = Field(default=300, gt=0)
    """The longest audio (seconds)."""
    max_lyrics_chars: int = Field(default=20_000, ge=1)
    """The longest lyrics (characters)."""
    max_metadata_bytes: int = Field(default=4_096, ge=2)
    """The largest `metadata`, as JSON (bytes)."""
    max_waiting_jobs: int = Field(default=1_000, ge=1)
    """Jobs that may wait on the queue; more are refused with 429."""
    redis_memory_watermark: float = Field(default=0.9, gt=0, le=1)
    """The share of Redis's `maxmemory` above which new jobs are refused with 429."""
    sync_wait_seconds: float = Field(default=290, ge=0)
    """How long `POST /api/v1/align` and `Prefer: wait` wait at most (seconds)."""
    result_ttl_seconds: int = Field(default=86_400, ge=1)
    """How long an ended job is kept (seconds)."""
    result_cache_bytes: int = Field(default=50_000_000, ge=0)
    """What results may take in Redis that are kept for jobs that ask the same again; the oldest
    goes first, 0 keeps none (bytes)."""
    lease_seconds: float = Field(default=30, gt=0)
    """How long a worker holds a running job without a sign of life (seconds)."""
    max_attempts: int = Field(default=3, ge=1)
    """How often a job is begun before it fails as `worker-lost`, or a passing fault is final."""
    fetch_timeout_seconds: float = Field(default=120, gt=0)
    """The longest a job's audio may take to be fetched (seconds)."""
    decode_timeout_seconds: float = Field(default=60, gt=0)
    """The longest a job's audio may take to be decoded (seconds)."""
    align_timeout_seconds: float = Field(default=1_800, gt=0)
    """The longest a job's alignment may take before its process is ended (seconds)."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe messages that are logged."""
    log_format: Literal["json", "console"] = "json"
    """How messages are logged: a JSON object a line, or for a person's eyes."""

    @field_validator("allowed_buckets", "allowed_hosts", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value


def variable(field: str) -> str:
    """Name the environment variable of a field."""
    return PREFIX + field.upper()


@lru_cache
def get_settings() -> Settings:
    """Read the settings once a process.

    A wrong value ends the process with one line a wrong variable, each naming it.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"{variable(str(problem['loc'][0]))}: {problem['msg']}" for problem in error.errors()
        ]
        sys.exit("\n".join(lines))
