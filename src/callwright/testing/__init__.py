"""What tests of agents need: models that follow a script, and the offline OpenRouter."""
