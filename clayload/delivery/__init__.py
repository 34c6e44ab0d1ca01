"""The sending loop, pure: it knows ports and arithmetic, no database and no HTTP library."""
