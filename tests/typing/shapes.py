"""The types that the other files here ask agents for or give to them."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from pydantic import BaseModel
from typing_extensions import TypedDict

__all__ = ["Clock", "Color", "Db", "Invoice", "Person", "Place", "Postgres", "Repository"]


class Invoice(BaseModel):
    total: float


@dataclass
class Person:
    name: str


class Place(TypedDict):
    city: str


class Color(Enum):
    RED = "red"


@dataclass
class Db:
    rows: Sequence[str] = ()


@dataclass
class Postgres(Db):
    port: int = 5432


class Repository(Protocol):
    def find(self, name: str) -> Person: ...


class Clock(ABC):
    @abstractmethod
    def now(self) -> float: ...
