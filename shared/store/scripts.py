"""The store's atomic steps, each a Lua script that Redis runs whole."""

from importlib.resources import files
from typing import Any

from redis import Redis


class Scripts:
    """The scripts beside this file, called by name; keys and arguments are in each one's head."""

    def __init__(self, redis: Redis) -> None:
        folder = files(__package__) / "lua"
        common = (folder / "_common.lua").read_text()
        self._scripts = {
            path.name.removesuffix(".lua"): redis.register_script(common + path.read_text())
            for path in folder.iterdir()
            if path.name.endswith(".lua") and not path.name.startswith("_")
        }

    def run(self, script: str, *args: str | float, keys: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - each script answers in its own shape
        """Run a script by its file's name."""
        return self._scripts[script](keys=list(keys), args=list(args))
