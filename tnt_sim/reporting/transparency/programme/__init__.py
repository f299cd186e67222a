"""Documents of a whole programme: rules, inventory, mention, notes, and the archive package of its decision."""
