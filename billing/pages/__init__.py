"""The pages of billing on the website."""
