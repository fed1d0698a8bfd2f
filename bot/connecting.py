"""`coach connect`."""
