"""Query LLMs: ensembles of models that vote, and say how sure they are."""
