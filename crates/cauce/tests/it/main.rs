//! Tests of the binary as a whole: real processes, real files, real sockets.

mod e2e_bad_input;
mod e2e_commands;
mod process;
