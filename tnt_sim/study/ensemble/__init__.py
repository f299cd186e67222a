"""What a decision is worth when costs, scores and dossiers are not sure: draws, solved and set together."""
