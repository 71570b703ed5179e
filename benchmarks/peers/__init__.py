"""The peers: other libraries at the same work, each in an environment of its own."""

from __future__ import annotations

__all__: list[str] = []
