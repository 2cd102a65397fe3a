"""What each lecture is about, chapter by chapter, and where each line of it is said."""
