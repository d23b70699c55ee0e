"""From lyrics to words before the alignment, and from words back to lines after it."""
