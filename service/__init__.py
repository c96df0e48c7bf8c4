"""The way in: commands, the assembly of the flow, and the life of the service. Nothing else imports this room."""
