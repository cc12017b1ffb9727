//! What happened, as values: the stages return them, the edge counts and logs them.
