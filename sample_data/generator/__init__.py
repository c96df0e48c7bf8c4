"""Makes the sample: real breaker state machines under a simulated clock, told what happens by ``story``."""
