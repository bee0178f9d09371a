//! The SQLSTATE of an error, read off the wire.
//!
//! diesel's errors have a kind for a few codes and the server's words for all others, and the words are in the server's language
//! (`lc_messages`, which only a superuser may set). What an outage is must not depend on it, so the code is read where it passes: in the
//! server's `ErrorResponse` (<https://www.postgresql.org/docs/current/protocol-error-fields.html>).

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use const_oid::db::rfc5912::{
    ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, SHA_1_WITH_RSA_ENCRYPTION, SHA_256_WITH_RSA_ENCRYPTION,
    SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
};
use sha2::{Digest, Sha256, Sha384, Sha512};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsStream};
use x509_cert::{Certificate, der::Decode};

/// The code of the last error that a connection was told.
#[derive(Debug, Default)]
pub(crate) struct Code(AtomicU64);

/// Characters of a SQLSTATE.
const LENGTH: usize = 5;

impl Code {
    fn put(&self, code: [u8; LENGTH]) {
        let mut bytes = [0; 8];
        bytes[..LENGTH].copy_from_slice(&code);
        self.0.store(u64::from_le_bytes(bytes), Ordering::Relaxed);
    }

    /// The code, once.
    pub(crate) fn take(&self) -> Option<String> {
        let bytes = self.0.swap(0, Ordering::Relaxed).to_le_bytes();
        std::str::from_utf8(&bytes[..LENGTH]).ok().filter(|code| !code.starts_with('\0')).map(str::to_owned)
    }
}

/// A stream from a server whose errors are looked at.
pub(crate) struct Watched<S> {
    stream: S,
    code: Arc<Code>,
    frame: Frame,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, code: Arc<Code>) -> Self {
        Self { stream, code, frame: Frame::default() }
    }
}

/// Where in the server's messages we are. Each is a type, its length (with itself, without the type), and so many bytes.
enum Frame {
    Header {
        bytes: [u8; HEADER],
        have: usize,
    },
    /// Of a message that is no error.
    Other {
        left: usize,
    },
    Error {
        body: Vec<u8>,
        left: usize,
    },
}

const HEADER: usize = 5;

/// Of an error's fields the code comes third, after a word each; so much of it is kept.
const ENOUGH: usize = 256;

impl Default for Frame {
    fn default() -> Self {
        Self::Header { bytes: [0; HEADER], have: 0 }
    }
}

impl Frame {
    fn read(&mut self, mut new: &[u8], code: &Code) {
        while !new.is_empty() {
            match self {
                Self::Header { bytes, have } => {
                    let more = new.len().min(HEADER - *have);
                    bytes[*have..*have + more].copy_from_slice(&new[..more]);
                    *have += more;
                    new = &new[more..];
                    if *have == HEADER {
                        let [kind, length @ ..] = *bytes;
                        let left = (u32::from_be_bytes(length) as usize).saturating_sub(length.len());
                        *self = match (kind, left) {
                            (_, 0) => Self::default(),
                            (b'E', _) => Self::Error { body: Vec::new(), left },
                            _ => Self::Other { left },
                        };
                    }
                }
                Self::Other { left } => {
                    let more = new.len().min(*left);
                    *left -= more;
                    new = &new[more..];
                    if *left == 0 {
                        *self = Self::default();
                    }
                }
                Self::Error { body, left } => {
                    let more = new.len().min(*left);
                    body.extend_from_slice(&new[..more.min(ENOUGH.saturating_sub(body.len()))]);
                    *left -= more;
                    new = &new[more..];
                    if *left == 0 {
                        if let Some(found) = sqlstate(body) {
                            code.put(found);
                        }
                        *self = Self::default();
                    }
                }
            }
        }
    }
}

/// The field `C` of an error: fields are a letter and a text that ends with a zero.
fn sqlstate(fields: &[u8]) -> Option<[u8; LENGTH]> {
    fields.split(|byte| *byte == 0).find_map(|field| field.strip_prefix(b"C")?.try_into().ok())
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let Self { code, frame, .. } = &mut *self;
        frame.read(&buffer.filled()[before..], code);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Watched<tokio_rustls::client::TlsStream<S>> {
    fn channel_binding(&self) -> ChannelBinding {
        let (_, session) = self.stream.get_ref();
        let end_point = session.peer_certificates().and_then(|certificates| end_point(certificates.first()?));
        end_point.map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

/// A certificate's hash by the algorithm of its signature, SHA-256 in place of SHA-1 (RFC 5929, 4.1). PostgreSQL knows none for others.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let hash = match Certificate::from_der(certificate).ok()?.signature_algorithm.oid {
        SHA_1_WITH_RSA_ENCRYPTION | SHA_256_WITH_RSA_ENCRYPTION | ECDSA_WITH_SHA_256 => Sha256::digest(certificate).to_vec(),
        SHA_384_WITH_RSA_ENCRYPTION | ECDSA_WITH_SHA_384 => Sha384::digest(certificate).to_vec(),
        SHA_512_WITH_RSA_ENCRYPTION | ECDSA_WITH_SHA_512 => Sha512::digest(certificate).to_vec(),
        _ => return None,
    };
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[kind], length.to_be_bytes().as_slice(), body].concat()
    }

    /// Read in pieces of every size.
    fn codes(bytes: &[u8]) -> Vec<Option<String>> {
        let read = |size: usize| {
            let (code, mut frame) = (Code::default(), Frame::default());
            bytes.chunks(size).for_each(|chunk| frame.read(chunk, &code));
            code.take()
        };
        (1..=bytes.len()).map(read).collect()
    }

    #[test]
    fn the_code_of_the_last_error_is_found_in_pieces_of_any_size() {
        let korean = "S오류\0V오류\0C57014\0M명령실행시간 초과로 작업을 취소합니다.\0\0";
        let bytes = [message(b'Z', b"I"), message(b'D', &[b'E'; 300]), message(b'n', b""), message(b'E', korean.as_bytes())].concat();
        assert!(codes(&bytes).iter().all(|code| code.as_deref() == Some("57014")));
        assert!(codes(&[message(b'Z', b"I"), message(b'D', b"SERROR\0C57014\0\0")].concat()).iter().all(Option::is_none));
    }

    #[test]
    fn a_code_is_told_once() {
        let code = Code::default();
        assert_eq!(code.take(), None);
        code.put(*b"25006");
        assert_eq!((code.take().as_deref(), code.take()), (Some("25006"), None));
    }

    #[test]
    fn what_is_no_error_of_the_protocol_is_none() {
        for fields in [b"".as_slice(), b"SERROR\0\0", b"C123\0\0", b"C1234567\0\0"] {
            assert_eq!(sqlstate(fields), None, "{fields:?}");
        }
    }
}
