//! A server that stands in for a platform.
//!
//! The port is kept by a socket that is bound and never listens, so that nothing else can take it
//! during an outage: Linux refuses connections to such a port and lends it to nobody.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::{
    Faults, Hooks, Ledger, Messages, Objects, Options, Platform, Said, Sessions, callbacks,
    connection, platforms, world::World,
};

/// Connections that wait to be taken at most.
const BACKLOG: u32 = 1024;

/// A running stand-in. Dropped, it stops without waiting.
pub struct StandIn {
    /// Where it listens.
    pub addr: SocketAddr,
    world: Arc<World>,
    wanted: watch::Sender<Wanted>,
    listening: watch::Receiver<bool>,
    task: JoinHandle<()>,
    callbacks: JoinHandle<()>,
    _reserved: TcpSocket,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Up,
    Down,
    Stopped,
}

impl StandIn {
    /// Starts a stand-in on 127.0.0.1, on the runtime of the caller.
    pub async fn start(platform: Platform, options: Options) -> io::Result<StandIn> {
        let asked = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let reserved = bind(asked)?;
        let addr = reserved.local_addr()?;
        let listener = bind(addr)?.listen(BACKLOG)?;
        let world = Arc::new(World::new(platform, options));
        let (wanted, wanted_seen) = watch::channel(Wanted::Up);
        let (listening_set, listening) = watch::channel(true);
        let acceptor = Acceptor {
            world: world.clone(),
            addr,
            wanted: wanted_seen,
            listening: listening_set,
        };
        let task = tokio::spawn(acceptor.run(listener));
        let callbacks = tokio::spawn(callbacks::run(world.clone()));
        Ok(StandIn {
            addr,
            world,
            wanted,
            listening,
            task,
            callbacks,
            _reserved: reserved,
        })
    }

    /// The platform it stands in for.
    pub fn platform(&self) -> Platform {
        self.world.platform
    }

    /// Its address without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What arrived.
    pub fn ledger(&self) -> &Ledger {
        &self.world.ledger
    }

    /// What a backend was told of sessions, and how it answers.
    pub fn sessions(&self) -> &Sessions {
        &self.world.sessions
    }

    /// What an endpoint was sent.
    pub fn hooks(&self) -> &Hooks {
        &self.world.hooks
    }

    /// What a messenger took, and how it and its people behave.
    pub fn messages(&self) -> &Messages {
        &self.world.messages
    }

    /// A person writes to a sender; the messenger tells it in its own time.
    pub fn say(&self, said: &Said) {
        platforms::say(&self.world, said);
    }

    /// The phone of an Evolution instance is here (`open`) or not, and the messenger tells it.
    pub fn connect(&self, instance: &str, state: &str) {
        platforms::connect(&self.world, instance, state);
    }

    /// What an object store holds.
    pub fn objects(&self) -> &Objects {
        &self.world.objects
    }

    /// What goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.world.faults
    }

    /// Begins an outage: every connection is cut and new ones are refused.
    pub async fn go_down(&self) {
        self.want(Wanted::Down, false).await;
    }

    /// Ends an outage, on the same port.
    pub async fn come_back(&self) {
        self.want(Wanted::Up, true).await;
    }

    /// Cuts every connection and gives the port back.
    pub async fn stop(mut self) {
        self.wanted.send_replace(Wanted::Stopped);
        // It was not aborted and does not panic: there is nothing to hand on.
        let _ = (&mut self.task).await;
    }

    async fn want(&self, wanted: Wanted, listening: bool) {
        self.wanted.send_replace(wanted);
        // An acceptor that has gone cannot change its state any more.
        let _ = self.listening.clone().wait_for(|is| *is == listening).await;
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
        self.callbacks.abort();
    }
}

fn bind(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

struct Acceptor {
    world: Arc<World>,
    addr: SocketAddr,
    wanted: watch::Receiver<Wanted>,
    listening: watch::Sender<bool>,
}

impl Acceptor {
    async fn run(mut self, listener: TcpListener) {
        let mut listener = Some(listener);
        loop {
            if let Some(open) = listener.take() {
                self.accept_until_changed(open).await;
            }
            self.listening.send_replace(false);
            let wanted = self.wanted.wait_for(|wanted| *wanted != Wanted::Down).await;
            match wanted.map(|wanted| *wanted) {
                Ok(Wanted::Up) => {
                    let open = bind(self.addr).and_then(|socket| socket.listen(BACKLOG));
                    listener = Some(open.expect("the port is kept by the reserved socket"));
                }
                Ok(Wanted::Down | Wanted::Stopped) | Err(_) => return,
            }
            self.listening.send_replace(true);
        }
    }

    /// Returns when an outage or the end is wanted; by then every connection has been cut.
    async fn accept_until_changed(&mut self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    match accepted {
                        Ok((stream, _)) => {
                            connections.spawn(connection::run(self.world.clone(), stream));
                        }
                        // Out of descriptors, perhaps: a moment lets some connections end.
                        Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                    }
                }
                Some(_) = connections.join_next() => {}
                () = until_unwanted(&mut self.wanted) => break,
            }
        }
        drop(listener);
        connections.shutdown().await;
    }
}

/// Returns when an outage or the end is wanted.
async fn until_unwanted(wanted: &mut watch::Receiver<Wanted>) {
    // A sender that has gone means that the stand-in was dropped.
    let _ = wanted.wait_for(|wanted| *wanted != Wanted::Up).await;
}
