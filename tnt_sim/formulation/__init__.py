"""Integer programming formulation: builds one exact model from a problem, with the map back to awards."""
