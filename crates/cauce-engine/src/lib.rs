//! The engine: runs the rules of the pure crates on tokio.
//!
//! One file for each loop. A loop waits on a closed set of inputs, hands them to a pure state
//! machine, and executes the commands that come out. Only [`transport`] opens connections.

pub mod engine;
pub mod settings;
pub mod status;
pub mod transport;

pub use engine::Engine;
