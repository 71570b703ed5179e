"""The offline OpenRouter over real HTTP, and as a transport in the same process."""
