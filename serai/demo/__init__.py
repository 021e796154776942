"""The demo network: invented organisations and people, built through the actions like any other data."""
