"""The commands of `faktura`, one module per group."""
