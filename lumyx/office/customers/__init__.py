"""Customers: found by what one has of them, on one page each, and what staff do about them."""
