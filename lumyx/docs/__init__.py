"""The documentation: Markdown files, the API reference and the search over both."""
