"""Where generators come from: the catalogue, the Hub, wheels of the package index, and memory."""
