"""What will a load take: time and webhook slots, before anything is sent."""
