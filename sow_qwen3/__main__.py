"""`python -m sow_qwen3`: the command line where its script is not on PATH."""

from sow_qwen3.cli import main

main()
