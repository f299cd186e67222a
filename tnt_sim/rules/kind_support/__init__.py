"""What several kinds of rule share: penalties, attainable ranges, per-capita ratios."""
