"""The cold start: what an import costs a fresh interpreter, and what an installation puts on disk.

Both are measured by programs that run in the candidate's own environment and know nothing of this package.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

__all__ = ["imported", "installed"]

_IMPORT = """
import resource, sys

def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime

modules, started = len(sys.modules), cpu()
{statements}
cost, modules = cpu() - started, len(sys.modules) - modules
with open("/proc/self/status") as status:
    memory = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
print("{{" + f'"cpu": {{cost * 1e3}}, "modules": {{modules}}, "memory": {{memory / 1024}}' + "}}")
"""

_TOOL = '''
async def get_weather(city: str, day: int) -> str:
    """Look up the forecast of one day.

    Args:
        city: Name of the city.
        day: Days from today, 0 to 14.
    """
    return city
'''

_INSTALLED = """
import json, pathlib, re, sys
from importlib.metadata import PackageNotFoundError, distribution

def needs(name, extras):
    for line in distribution(name).requires or ():
        need, _, marker = line.partition(";")
        extra = re.search(r"extra\\s*==\\s*['\\"]([^'\\"]+)", marker)
        if extra is None or extra[1] in extras:
            name, options = re.match(r"([\\w.-]+)(?:\\[([^]]*)\\])?", need.strip()).groups()
            yield name.lower().replace("_", "-"), frozenset(filter(None, re.split(r"[ ,]+", options or "")))

def size_of(name):
    paths = [path.locate() for path in distribution(name).files or ()]
    if name == "callwright":
        paths += pathlib.Path("src").rglob("*")
    return sum(path.stat().st_size for path in map(pathlib.Path, paths) if path.is_file() and path.suffix != ".pyc")

seen, waiting = set(), [(sys.argv[1], frozenset(sys.argv[2:]))]
while waiting:
    wanted = waiting.pop()
    if wanted not in seen:
        try:
            waiting += needs(*wanted)
        except PackageNotFoundError:  # Its marker names another platform or Python.
            continue
        seen.add(wanted)
names = {name for name, _ in seen}
print(json.dumps({"distributions": len(names), "size": sum(map(size_of, names)) / 1e6}))
"""


def imported(python: Path, imports: str, definitions: str = "") -> dict[str, float]:
    """Return CPU (ms), modules and resident memory (MiB) of statements; the interpreter's own start is not counted.

    Args:
        python: The interpreter.
        imports: What a program imports.
        definitions: What it then defines, given a documented function `get_weather`.

    Raises:
        subprocess.CalledProcessError: A statement failed.
    """
    statements = f"{imports}\n{_TOOL}\n{definitions}" if definitions else imports
    program = _IMPORT.format(statements=statements)
    # The first run writes the byte code of files that changed, which an installer does otherwise.
    _figures(python, program)
    return _figures(python, program)


def installed(python: Path, distribution: str, extras: list[str]) -> dict[str, float]:
    """Return how many distributions one needs, itself included, and their size (MB, byte code apart).

    Raises:
        subprocess.CalledProcessError: The environment lacks the distribution.
    """
    return _figures(python, _INSTALLED, distribution, *extras)


def _figures(python: Path, program: str, *arguments: str) -> dict[str, float]:
    command = [str(python), "-c", program, *arguments]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(ran.stdout)
    return figures
