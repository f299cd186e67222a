"""Rule `waiting_period`: some days between two funded dossiers of one applicant."""
