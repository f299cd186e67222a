"""Run folders: write, open, verify and sign stored decisions."""
