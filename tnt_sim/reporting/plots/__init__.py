"""Charts of answers for notebooks: Altair charts that users go on with."""
