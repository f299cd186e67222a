"""The planner's page: settings, answers and the parts that show them; Voilà and a widget are its thin shell."""
