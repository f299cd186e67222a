"""The least useful increase of each envelope, and the gain of each relaxed rule."""
