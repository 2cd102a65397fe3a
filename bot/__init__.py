"""Where people meet Monitoria: Discord and the command line."""
