"""The aligners: one interface, several engines, chosen by name."""
