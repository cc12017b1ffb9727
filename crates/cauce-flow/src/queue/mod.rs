//! Stage 2: who is served next. Filled by `fairness`.
