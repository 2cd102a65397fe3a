"""What a week's questions were about, without telling who asked."""
