"""The conversation: the coaching core, its store, its platform adapters and the `coach` command."""
