"""What happens without anybody asking: prompts fall due, go out, and what is over is deleted."""
