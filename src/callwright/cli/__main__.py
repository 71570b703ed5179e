"""The command line as a module: `python -m callwright.cli`."""

from __future__ import annotations

from callwright.cli.main import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
