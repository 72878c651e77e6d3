"""What the service logs, a line an event: by ids, and without a word that anybody sent."""
