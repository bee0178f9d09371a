//! A way between two programs that can be cut.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// How a way behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Passes everything.
    Open,
    /// Connections break, and new ones as soon as they are made: nobody is there.
    Refused,
    /// Connections break, and new ones get no answer: a cable was pulled.
    Silent,
    /// Connections stay, and so do new ones, but nobody says anything: the server hangs. Set open again, it goes on where it stood.
    Frozen,
}

/// A TCP proxy to a port on this machine.
pub struct Proxy {
    /// Its own port.
    pub port: u16,
    way: Arc<watch::Sender<Way>>,
    target: Arc<AtomicU16>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Open.
    pub async fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, way) = (listener.local_addr().unwrap().port(), Arc::new(watch::Sender::new(Way::Open)));
        let (ways, target) = (Arc::clone(&way), Arc::new(AtomicU16::new(target)));
        let (current, connections) = (Arc::clone(&target), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                // Either side may break off.
                tokio::spawn(pass(client, current.load(Ordering::Relaxed), ways.subscribe()));
            }
        });
        Self { port, way, target, connections, task }
    }

    /// New connections go to another port; those that are there stay where they are, as when an address moves.
    pub fn move_to(&self, target: u16) {
        self.target.store(target, Ordering::Relaxed);
    }

    /// How many connections were made to it so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// From now on.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(mut client: TcpStream, target: u16, mut way: watch::Receiver<Way>) {
    // Held until the way is another one; a server that was frozen answers then.
    if *way.borrow_and_update() == Way::Silent {
        drop(way.changed().await);
        return;
    }
    while *way.borrow_and_update() == Way::Frozen {
        if way.changed().await.is_err() {
            return;
        }
    }
    if *way.borrow_and_update() != Way::Open {
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
    let mut both = pin!(copy_bidirectional(&mut client, &mut server));
    loop {
        let now = *way.borrow_and_update();
        match now {
            Way::Refused | Way::Silent => return,
            Way::Frozen => {
                if way.changed().await.is_err() {
                    return;
                }
            }
            Way::Open => {
                tokio::select! {
                    _ = &mut both => return,
                    changed = way.changed() => if changed.is_err() { return },
                }
            }
        }
    }
}
