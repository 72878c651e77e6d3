"""Pages about the money: the ledger, its months, and whether Stripe agrees."""
