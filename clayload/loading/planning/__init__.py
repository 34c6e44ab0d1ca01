"""What would a load do, before anything is sent: plan it, keep to a plan, write a dry run."""
