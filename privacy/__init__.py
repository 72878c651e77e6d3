"""What the customer may demand."""
