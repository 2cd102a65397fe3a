"""What every room stands on and none owns: storable texts, moments, coefficients, files, passing trouble."""
