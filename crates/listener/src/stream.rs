//! A caller's socket, with a time limit for whatever it keeps us waiting for.

use std::{
    io,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::rt::net::TcpStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use crate::connection::Connection;

/// How often the log says that there is no place left.
const SAID_EVERY: Duration = Duration::from_secs(10);

/// A caller's socket.
pub(crate) struct Patient {
    io: TcpStream,
    connection: Rc<Connection>,
    timer: Pin<Box<Sleep>>,
    /// Whoever reads was put off, because the other side does not.
    put_off: bool,
    _place: Place,
}

impl Patient {
    pub(crate) fn new(io: TcpStream, keep_alive: Duration, places: &Places) -> Self {
        let timer = Box::pin(sleep_until(Instant::now() + keep_alive));
        Self { io, connection: Connection::new(keep_alive), timer, put_off: false, _place: places.take() }
    }

    pub(crate) fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    /// An error where the connection has to be closed; otherwise the task hears when that is so.
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some((due, slow)) = self.connection.due() else { return Ok(()) };
        if self.timer.deadline() != due {
            self.timer.as_mut().reset(due);
        }
        if due > Instant::now() && self.timer.as_mut().poll(cx).is_pending() {
            return Ok(());
        }
        metrics::counter!("cheapbob_connections_cut_total", "why" => slow.as_str()).increment(1);
        tracing::debug!(why = slow.as_str(), "a connection is closed: it keeps us waiting");
        Err(io::ErrorKind::TimedOut.into())
    }

    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        match self.check(cx) {
            Ok(()) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn wrote(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => self.connection.gone(bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                self.connection.block(cx.waker());
                return self.wait(cx);
            }
        }
        written
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Else the answers to what is sent on would pile up.
        if self.connection.is_blocked() {
            self.put_off = true;
            return self.wait(cx);
        }
        let (before, has_room) = (buffer.filled().len(), buffer.remaining() > 0);
        match Pin::new(&mut self.io).poll_read(cx, buffer) {
            Poll::Pending => self.wait(cx),
            read => {
                if buffer.filled().len() > before {
                    self.connection.heard();
                } else if has_room {
                    self.connection.leave();
                }
                read
            }
        }
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.wrote(cx, written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bytes);
        self.wrote(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    /// actix calls this after it has written everything, and at the end of each of its rounds.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        self.connection.unblock();
        if std::mem::take(&mut self.put_off) {
            cx.waker().wake_by_ref();
        }
        Poll::Ready(self.check(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// So many connections are taken at once.
#[derive(Clone)]
pub(crate) struct Places(Arc<Taken>);

struct Taken {
    most: usize,
    taken: AtomicUsize,
    said: Mutex<Option<Instant>>,
}

impl Places {
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Taken { most, taken: AtomicUsize::new(0), said: Mutex::new(None) }))
    }

    /// actix takes none beyond `most`; here they are counted, for the log.
    fn take(&self) -> Place {
        let taken = self.0.taken.fetch_add(1, Ordering::Relaxed) + 1;
        metrics::gauge!("cheapbob_connections").increment(1.0);
        if taken >= self.0.most {
            let mut said = self.0.said.lock().unwrap_or_else(PoisonError::into_inner);
            if said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
                *said = Some(Instant::now());
                tracing::warn!(connections = taken, "as many connections are open as this process takes; further ones wait");
            }
        }
        Place(Arc::clone(&self.0))
    }
}

/// A connection's.
struct Place(Arc<Taken>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("cheapbob_connections").decrement(1.0);
    }
}
