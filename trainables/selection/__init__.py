"""From scores to the rows that stay."""
