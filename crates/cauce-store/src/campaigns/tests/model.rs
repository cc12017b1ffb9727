//! Upserts, deletions and opt-outs against plain maps.
