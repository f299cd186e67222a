"""Questions of a planner, one file or small package each: they ask for decisions and set them side by side."""
