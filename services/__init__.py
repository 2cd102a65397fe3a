"""What Monitoria does, in rooms: docs/architecture.md draws them, with what each may ask."""
