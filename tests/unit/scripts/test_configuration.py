from scripts.configuration import README, settings_table, with_settings
from shared.settings import Settings, variable


def test_the_readmes_settings_are_what_the_code_says() -> None:
    text = README.read_text()
    assert text == with_settings(text), "run: python -m scripts.configuration"


def test_every_setting_has_a_row_that_says_what_it_does() -> None:
    rows = [row.split(" | ") for row in settings_table().splitlines() if row.startswith("| `")]
    assert [row[0] for row in rows] == [f"| `{variable(name)}`" for name in Settings.model_fields]
    assert all(len(row[2]) > 20 for row in rows)
