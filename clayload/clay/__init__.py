"""All that speaks to Clay: leads by webhook, and the counts that its own command reads."""
