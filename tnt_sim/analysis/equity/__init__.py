"""How a list treats classes of applicants: money per inhabitant, success rates, Gini and Theil indices."""
