"""The batched solver: laws on arrays, starts, search. It knows nothing of run tables."""
