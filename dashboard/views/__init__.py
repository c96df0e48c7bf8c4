"""One module per page, each with ``render()``: read the selection, ask, hand over, draw."""
