"""What will a load or a month take: time, slots, credits, Actions, before anything is sent."""
