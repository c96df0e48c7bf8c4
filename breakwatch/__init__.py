"""The shared words: values, errors, configuration and clock. Imports nothing else of the house."""
