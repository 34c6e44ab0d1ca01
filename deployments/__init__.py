"""What starts loads by itself or for people: commands, events, and what Prefect serves."""
