"""callwright over the HTTP clients of its extras, in place of its own connections."""

from __future__ import annotations

import httpx2
import httpx_aiohttp

from benchmarks.ours import Callwright
from callwright import Client

__all__ = ["OverAiohttp", "OverHttpx2"]


class OverHttpx2(Callwright):
    """The extra `httpx2`."""

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url)
        self._given = httpx2.AsyncClient()
        self._client = Client(base_url=base_url, api_key="none", http_client=self._given)

    async def aclose(self) -> None:
        """Close the client, and the one that it was given."""
        await super().aclose()
        await self._given.aclose()


class OverAiohttp(Callwright):
    """The extra `fast`."""

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url)
        self._given = httpx_aiohttp.HttpxAiohttpClient()
        self._client = Client(base_url=base_url, api_key="none", http_client=self._given)

    async def aclose(self) -> None:
        """Close the client, and the one that it was given."""
        await super().aclose()
        await self._given.aclose()
