"""From a run table to one corpus' optimum: its rows, what they identify, the early transient, the estimate."""
