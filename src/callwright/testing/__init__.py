"""What tests of agents need: models that follow a script, and the offline OpenRouter."""

from __future__ import annotations

from callwright.testing.openrouter import OfflineOpenRouter
from callwright.testing.scripted import Calls, FunctionModel, ScriptedModel, Turn, calls
from callwright.testing.voting import VotingModel

__all__ = ["Calls", "FunctionModel", "OfflineOpenRouter", "ScriptedModel", "Turn", "VotingModel", "calls"]
