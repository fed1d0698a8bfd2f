"""The platforms: one module or package each, unknown to one another."""
