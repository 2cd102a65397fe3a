"""What every room stands on and none owns: storable texts, moments, figures, files, passing trouble."""
