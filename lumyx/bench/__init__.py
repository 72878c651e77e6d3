"""`make bench`: what LumyxAI costs per call, beside an ASGI app that only forwards."""
