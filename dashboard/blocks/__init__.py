"""Parts of pages: values in, snippets out; only ``now`` draws, because its rows hold buttons."""
