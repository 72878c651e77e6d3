"""The catalogue in the back office: connections tested, price changes tried out."""
