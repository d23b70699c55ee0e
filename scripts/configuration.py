"""Writes docs/configuration.md from the code: `python -m scripts.configuration`."""

from pathlib import Path

from pydantic_core import PydanticUndefined

from shared.settings import Settings, variable

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"
HEAD = """\
# Configuration

Every setting is an environment variable, for the API and the workers alike: give both the same.
A wrong value stops the start with one line that names it. This page is made from
`shared/settings.py` by `python -m scripts.configuration`.

| variable | default | what it does |
| --- | --- | --- |
"""


def configuration_page() -> str:
    """Write the page: one row a setting."""
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
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(configuration_page(), encoding="utf-8")
