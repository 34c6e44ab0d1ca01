"""What a person sees of a run: its summary, its sections, how far it is."""
