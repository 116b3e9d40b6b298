"""The page: its components, what its controls do, what is where, and what it says."""
