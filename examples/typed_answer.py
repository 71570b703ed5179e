"""An assistant whose answer is a value, not a text. Run `python examples/typed_answer.py`."""

from __future__ import annotations

from pydantic import BaseModel, Field

from callwright import Agent


class Weather(BaseModel):
    """How it is somewhere."""

    city: str
    degrees: float = Field(description="Celsius")
    wind: int


def get_weather(city: str) -> dict[str, float]:
    """Tell the weather of a city."""
    return {"Oslo": {"degrees": 9.5, "wind": 30}, "Rome": {"degrees": 24.0, "wind": 10}}[city]


agent = Agent("openai/gpt-4o-mini", tools=[get_weather], output=Weather)
weather = agent.run_sync("What is the weather in Oslo?").output
print(f"{weather.city}: {weather.degrees:.1f} degrees, {weather.wind} km/h")
