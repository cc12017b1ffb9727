//! Personal data in the normal form that a platform hashes.
//!
//! Two parties can only match a person if both hash the same bytes, so the form is the platform's,
//! down to the last dot. Where platforms differ there is one function for each form; what does not
//! make sense as an address or a number gives `None` and is left out, because the hash of nonsense
//! matches nobody or, worse, somebody else.

pub mod country;
pub mod email;
pub mod hash;
pub mod name;
pub mod person;
pub mod phone;
pub mod place;

#[cfg(test)]
mod tests;
