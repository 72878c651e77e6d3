"""What the customer calls."""
