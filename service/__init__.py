"""The way in: commands, the assembly of the flow, and the life of the service. Nothing else imports this room."""

from breakwatch.startup import prepare

prepare()  # before anything else of ours, for then numpy and pydantic are loaded
