from scripts.configuration import PAGE, configuration_page


def test_the_page_of_settings_is_what_the_code_says() -> None:
    assert PAGE.read_text() == configuration_page(), "run: python -m scripts.configuration"
