"""What Monitoria remembers: one module per noun, its SQL beside the function that runs it."""
