"""Why no allocation satisfies all the rules, and the cheapest repairs."""
