"""Commands that send leads, or plan to: load, plan, replay, resubmit, resume, approve."""
