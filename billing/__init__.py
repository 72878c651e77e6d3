"""What the customer has paid."""
