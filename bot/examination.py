"""`coach doctor`."""
