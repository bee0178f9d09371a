#![doc = include_str!("../README.md")]

mod answer;
mod connection;
mod descriptors;
mod stream;

use std::{fmt, io, net::TcpListener, rc::Rc, time::Duration};

use actix_http::{HttpServiceBuilder, KeepAlive, Request, Response, error::DispatchError};
use actix_server::Server;
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::{Error, body::MessageBody, dev::AppConfig, rt::net::TcpStream};
use socket2::SockRef;
use tokio_util::sync::CancellationToken;

pub use crate::{answer::answer, descriptors::room_for_connections};
use crate::{
    connection::ANSWER,
    stream::{Patient, Places},
};

/// Connections that the system keeps until we take them.
const BACKLOG: i32 = 1_024;

/// What the system keeps of an answer that the other side has not taken, in bytes; Linux takes twice as much.
const SEND_BUFFER: usize = 64 << 10;

/// From how many bytes on actix writes: a piece is written as soon as it is there.
const WRITE_BUFFER: usize = 1 << 10;

/// How long the rest of a refused body is read, so that the caller hears the refusal.
const LINGER: Duration = Duration::from_secs(1);

/// How a server serves.
#[derive(Debug, Clone, Copy)]
pub struct Serving {
    /// Worker threads.
    pub workers: usize,
    /// Connections at once, of all threads.
    pub connections: usize,
    /// How long an idle connection is kept, and one on which nothing was asked yet.
    pub keep_alive: Duration,
    /// How long requests under way may take to end, once it stops.
    pub to_end: Duration,
}

/// Serves on `listener` until `stop`, then lets running requests end. The outermost middleware of the app must be [`answer`].
///
/// # Errors
/// What the socket says.
pub async fn serve<F, I, S, B>(app: F, listener: TcpListener, serving: Serving, stop: CancellationToken) -> io::Result<()>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    prepare(&listener)?;
    let address = listener.local_addr()?;
    let places = Places::new(serving.connections);
    let builder = Server::build()
        .workers(serving.workers)
        .max_concurrent_connections((serving.connections / serving.workers).max(1))
        .shutdown_timeout(serving.to_end.as_secs())
        .disable_signals();
    let draining = builder.graceful_shutdown_signal();
    let server = builder
        .listen(address.to_string(), listener, move || {
            let (draining, places) = (draining.clone(), places.clone());
            let app = app().into_factory().map_err(|error| error.into().error_response());
            let http = HttpServiceBuilder::<Patient, _>::default()
                .graceful_shutdown_signal(move || {
                    let draining = draining.clone();
                    async move { draining.notified().await }
                })
                .keep_alive(KeepAlive::Timeout(serving.keep_alive))
                // A balancer opens connections ahead: they may wait as long as those that it keeps.
                .client_request_timeout(serving.keep_alive)
                .client_disconnect_timeout(LINGER)
                .h1_write_buffer_size(WRITE_BUFFER)
                .local_addr(address)
                .on_connect_ext(|io: &Patient, data| {
                    data.insert(Rc::clone(io.connection()));
                })
                .h1(map_config(app, |()| AppConfig::default()));
            fn_service(move |io: TcpStream| {
                let peer = io.peer_addr().ok();
                let io = Patient::new(io, serving.keep_alive, &places);
                async move { Ok::<_, DispatchError>((io, peer)) }
            })
            .and_then(http)
        })?
        .run();
    let handle = server.handle();
    // The server ends by itself only where it fails.
    let ended = stop.child_token();
    let server = async {
        let served = server.await;
        ended.cancel();
        served
    };
    let stopper = async {
        ended.cancelled().await;
        handle.stop(true).await;
    };
    tokio::join!(server, stopper).0
}

/// What the system does for each connection, which inherits it.
fn prepare(listener: &TcpListener) -> io::Result<()> {
    let socket = SockRef::from(listener);
    socket.listen(BACKLOG)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    // An answer goes out in pieces: the last one would wait for the other side's delayed acknowledgement, 40 ms.
    socket.set_tcp_nodelay(true)?;
    // Of what is written when a connection is closed: nobody else waits for it then.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(ANSWER))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_piece_of_an_answer_does_not_wait() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        prepare(&listener).unwrap();
        let _caller = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(listener.accept().unwrap().0.nodelay().unwrap());
    }
}
