"""What is asked for: how an answer becomes a typed value."""
