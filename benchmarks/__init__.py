"""The benchmarks: what callwright costs, beside a hand-written httpx loop and beside its peers."""

from __future__ import annotations

__all__: list[str] = []
