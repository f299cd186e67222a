"""Who is eligible and which amounts each dossier may get: grants, levels, rates, caps, decisions."""
