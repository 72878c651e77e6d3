"""Pages about what we promise: the documents, and whether they are kept."""
