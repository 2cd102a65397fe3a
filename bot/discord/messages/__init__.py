"""What Monitoria says in Discord, as messages; pure, so that golden files can hold each kind."""
