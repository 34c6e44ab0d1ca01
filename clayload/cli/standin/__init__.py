"""Commands that start the stand-in: on its own, or with the demo."""
