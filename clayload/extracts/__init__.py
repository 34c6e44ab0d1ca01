"""From delivered files to one String frame that knows where each row came from."""
