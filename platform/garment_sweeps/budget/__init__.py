"""What a sweep has spent, what it will, and where it stops: device-seconds by trial, forecasts, and the hard limit."""

__all__ = ["cost", "earlier", "forecast", "ledger", "stop"]
