"""Models around models: each asks another one, and is a model itself."""
