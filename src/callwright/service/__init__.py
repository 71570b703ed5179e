"""The service: who is asked, over which connections, how often, and what its answers mean."""

from __future__ import annotations

__all__: list[str] = []
