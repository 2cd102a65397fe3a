"""The doors of Monitoria in Discord: each parses, calls a service, and renders."""
