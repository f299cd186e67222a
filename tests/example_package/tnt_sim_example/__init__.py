"""An example of a package that extends tnt_sim."""
