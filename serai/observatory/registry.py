"""What this app registers with `core`: kinds, places in the navigation, followers of the log."""
