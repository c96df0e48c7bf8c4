"""Expected behaviour: what was declared of breakers, retries and standbys, held against what they did."""
