"""Writes the settings into the README, from the code: `python -m scripts.configuration`."""

import re
from pathlib import Path

from pydantic_core import PydanticUndefined

from shared.settings import Settings, variable

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"(<!-- settings: .*? -->\n).*?(<!-- end of settings -->)", re.DOTALL)
HEAD = "\n| variable | default | what it does |\n| --- | --- | --- |\n"


def settings_table() -> str:
    """Write the table: one row a setting."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default
        if default is PydanticUndefined or default is None or default == ():
            shown = ""
        elif hasattr(default, "get_secret_value"):
            shown = f"`{default.get_secret_value()}`"
        else:
            shown = f"`{default:g}`" if isinstance(default, float) else f"`{default}`"
        text = " ".join((field.description or "").split())
        rows.append(f"| `{variable(name)}` | {shown} | {text} |")
    return HEAD + "\n".join(rows) + "\n\n"


def with_settings(readme: str) -> str:
    """Put the table in its place."""
    return BLOCK.sub(lambda block: block[1] + settings_table() + block[2], readme)


if __name__ == "__main__":
    README.write_text(with_settings(README.read_text(encoding="utf-8")), encoding="utf-8")
