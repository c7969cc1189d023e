"""How well it is known: resampled fits, profiles, values with an interval."""
