"""How does everything stand: runs, slots, usage, budgets, alerts, one lead? Reads only."""
