"""What people would use instead, in processes and an environment of their own."""
