"""The shared coaching core: asynchronous and platform-free; it knows no SDK and no SQL."""
