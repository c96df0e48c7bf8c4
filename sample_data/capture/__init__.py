"""One real run of 65 seconds, and the script that made these files of it."""
