//! The binary as a whole: real processes with real data folders, against stand-ins in this process.
//!
//! Every test starts its own server on a free port with a folder of its own, so tests do not meet.
//! What is to be proved is proved from outside: by what the stand-ins' ledgers saw and by what the
//! API answered, never by looking into the engine.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(
    clippy::print_stdout,
    reason = "figures of a test are told to whoever reads its output"
)]

mod e2e_alert_kinds;
mod e2e_alerts;
mod e2e_analytics;
mod e2e_bad_input;
mod e2e_campaign_holds;
mod e2e_campaign_starts;
mod e2e_campaigns;
mod e2e_cli;
mod e2e_commands;
mod e2e_contacts;
mod e2e_control;
mod e2e_crash;
mod e2e_deploy;
mod e2e_faults;
mod e2e_limits;
mod e2e_messages;
mod e2e_messengers;
mod e2e_pixels;
mod e2e_privacy;
mod e2e_rates;
mod e2e_relays;
mod e2e_reports;
mod e2e_requirement;
mod e2e_security;
mod e2e_sending;
mod e2e_service;
mod e2e_sessions;
mod e2e_stream;
mod e2e_top;
mod e2e_tracking;
mod e2e_tracking_files;
mod e2e_tracking_out;
mod e2e_tracking_readers;
mod process;
mod support;
