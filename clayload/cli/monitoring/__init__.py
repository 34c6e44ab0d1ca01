"""Commands that look: status, doctor, report, trace, usage, budget, alerts, metrics."""
