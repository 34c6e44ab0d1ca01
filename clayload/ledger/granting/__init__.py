"""All that is written: grants and verdicts, registered leads, spending, samples, recovery."""
