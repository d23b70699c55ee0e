"""Print the requirements of the named extras of pyproject.toml, one a line.

The images install these alone: an extra itself would bring the client and what it needs along.
"""

import sys
import tomllib
from pathlib import Path


def requirements(extras: dict[str, list[str]], name: str) -> list[str]:
    """List an extra's requirements, with those of the extras that it names in their place."""
    found = []
    for requirement in extras[name]:
        if requirement.startswith("sow-qwen3["):
            for other in requirement.removeprefix("sow-qwen3[").removesuffix("]").split(","):
                found += requirements(extras, other)
        else:
            found.append(requirement)
    return found


if __name__ == "__main__":
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [r for n in sys.argv[1:] for r in requirements(project["optional-dependencies"], n)]
    sys.stdout.write("\n".join(dict.fromkeys(wanted)) + "\n")
