"""What one training sample is, how it is stored, and how it reaches a network."""
