"""The pages under /meet/."""
