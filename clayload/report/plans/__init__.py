"""What a person sees before anything is sent: a load plan, a replay, a month."""
