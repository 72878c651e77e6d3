"""`make chaos`: what happens to the money, the calls and the processes when things break."""
