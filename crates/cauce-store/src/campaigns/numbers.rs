//! Rows and counts: SQLite knows signed numbers alone, and none of ours is negative.

/// A number as SQLite takes it.
pub(super) fn to(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that SQLite has told.
pub(super) fn of(number: i64) -> u64 {
    number.unsigned_abs()
}
