"""The pages of the city's staff: off unless configured, closed unless a route's rule lets a person in."""
