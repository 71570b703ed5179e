"""The models of an ensemble's members, by slug."""

from __future__ import annotations

from collections.abc import Mapping

from callwright.errors import ParameterError
from callwright.model import Model, Service

__all__ = ["Models"]


class Models:
    """The models of members, by slug.

    Args:
        source: A service, or models by slug; None for the process-wide client.
    """

    __slots__ = ("_made", "_source")

    def __init__(self, source: Service | Mapping[str, Model] | None) -> None:
        self._source = source
        self._made: dict[str, Model] = {}

    def __getitem__(self, slug: str) -> Model:
        """Return the model of a slug.

        Raises:
            ParameterError: Nobody gives it.
        """
        if slug not in self._made:
            self._made[slug] = self._model(slug)
        return self._made[slug]

    def _model(self, slug: str) -> Model:
        if self._source is None:
            from callwright.service.client import default_client  # noqa: PLC0415 - connections come with the first query

            self._source = default_client()
        if not isinstance(self._source, Mapping):
            return self._source.chat(slug)
        if slug not in self._source:
            raise ParameterError(f"client: expected a model for {slug!r}; got {', '.join(self._source) or 'none'}")
        return self._source[slug]
