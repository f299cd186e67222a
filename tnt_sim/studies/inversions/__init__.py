"""Better applications that a decision leaves out."""
