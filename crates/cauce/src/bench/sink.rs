//! The HTTP server that deliveries go to, in a process of its own so that its CPU time is not ours.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use cauce_sim::{Options, Platform, StandIn};

use crate::{failure::Failure, output};

/// Serves until killed; says where.
pub(super) async fn serve() -> Result<(), Failure> {
    let sink = StandIn::start(Platform::Sink, Options::default()).await;
    let sink = sink.map_err(|error| Failure::caused(&error))?;
    output::line(&sink.base_url());
    std::future::pending::<()>().await;
    Ok(())
}

/// A sink: one that was given, or one that we started.
pub(super) struct Sink {
    pub(super) url: String,
    child: Option<Child>,
}

impl Sink {
    pub(super) fn find(given: Option<&str>) -> Result<Sink, Failure> {
        if let Some(url) = given {
            return Ok(Sink {
                url: url.trim_end_matches('/').to_owned(),
                child: None,
            });
        }
        let failed = |error: std::io::Error| Failure::caused(&error);
        let program = std::env::current_exe().map_err(failed)?;
        let mut child = Command::new(program)
            .args(["bench", "--serve-sink"])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut url = String::new();
        let out = child
            .stdout
            .take()
            .ok_or_else(|| Failure::failed("the sink has no output"))?;
        BufReader::new(out).read_line(&mut url).map_err(failed)?;
        Ok(Sink {
            url: url.trim().to_owned(),
            child: Some(child),
        })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It has nothing to lose.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
