"""The service: who is asked, over which connections, how often, and what its answers mean."""
