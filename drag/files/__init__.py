"""An edit as a file, and back."""
