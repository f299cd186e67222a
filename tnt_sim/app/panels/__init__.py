"""Parts of the planner's page as HTML."""
