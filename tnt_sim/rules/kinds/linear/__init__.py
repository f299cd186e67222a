"""Rule `linear`: a weighted sum over named dossiers between bounds."""
