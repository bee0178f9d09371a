//! A way between two programs that can be cut.

use std::sync::Arc;

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
}

/// A TCP proxy to a port on this machine.
pub struct Proxy {
    /// Its own port.
    pub port: u16,
    way: Arc<watch::Sender<Way>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Open.
    pub async fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, way) = (listener.local_addr().unwrap().port(), Arc::new(watch::Sender::new(Way::Open)));
        let ways = Arc::clone(&way);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Either side may break off.
                tokio::spawn(pass(client, target, ways.subscribe()));
            }
        });
        Self { port, way, task }
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
    let now = *way.borrow_and_update();
    match now {
        Way::Refused => {}
        // Held until the way is another one.
        Way::Silent => drop(way.changed().await),
        Way::Open => {
            let Ok(mut server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut server) => {}
                _ = way.changed() => {}
            }
        }
    }
}
