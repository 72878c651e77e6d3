"""Home: how the business and the service do, and what needs somebody."""
