"""The models of an ensemble's members, by slug."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from callwright.errors import ParameterError
from callwright.model import Model, Service
from callwright.query.members import QueryModel

__all__ = ["Models", "slugs_of"]


class Models:
    """The models of members, by slug.

    Args:
        source: A service, or models by slug; None for the process-wide client.
        needed: The slugs that will be asked for.

    Raises:
        ParameterError: Models were given by slug, and not all that are needed; names all.
    """

    __slots__ = ("_made", "_source")

    def __init__(self, source: Service | Mapping[str, Model] | None, needed: Iterable[str]) -> None:
        missing = [slug for slug in dict.fromkeys(needed) if isinstance(source, Mapping) and slug not in source]
        if missing:
            raise ParameterError(f"client: expected models for {', '.join(map(repr, missing))}; there are none")
        self._source = source
        self._made: dict[str, Model] = {}

    def __getitem__(self, slug: str) -> Model:
        """Return the model of a slug."""
        if slug not in self._made:
            self._made[slug] = self._model(slug)
        return self._made[slug]

    def _model(self, slug: str) -> Model:
        if self._source is None:
            from callwright.service.client import default_client  # noqa: PLC0415 - connections come with the first query

            self._source = default_client()
        return self._source[slug] if isinstance(self._source, Mapping) else self._source.chat(slug)


def slugs_of(model: QueryModel) -> list[str]:
    """Return the slugs of an ensemble's members, those to fall back to included."""
    return [slug for llm in model.models for slug in llm.slugs]
