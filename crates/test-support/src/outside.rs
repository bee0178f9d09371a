//! The other sides of two adapters, in process: an S3 server and a mail server.

use std::{
    io,
    sync::{Arc, Mutex},
};

use cheapbob_adapters_s3::{S3Keys, S3Settings, S3Style};
use cheapbob_adapters_smtp::{SmtpSettings, SmtpTls};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer};
use secrecy::SecretString;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// An S3 server over a folder of its own; it ends with this value.
pub struct S3Server {
    /// `http://127.0.0.1:…`
    pub endpoint: String,
    folder: tempfile::TempDir,
    task: JoinHandle<()>,
}

impl S3Server {
    /// Its one access key.
    pub const ACCESS_KEY: &str = "AKTEST";
    /// That key's secret.
    pub const SECRET_KEY: &str = "sk-test";
    /// Its one bucket.
    pub const BUCKET: &str = "media";

    /// With an empty bucket.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(Self::BUCKET)).unwrap();
        let mut builder = s3s::service::S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).unwrap());
        builder.set_auth(s3s::auth::SimpleAuth::from_single(Self::ACCESS_KEY, Self::SECRET_KEY));
        let service = builder.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            let http = Builder::new(TokioExecutor::new());
            while let Ok((socket, _)) = listener.accept().await {
                let connection = http.serve_connection(TokioIo::new(socket), service.clone()).into_owned();
                tokio::spawn(connection);
            }
        });
        Self { endpoint, folder, task }
    }

    /// For the adapter.
    pub fn settings(&self) -> S3Settings {
        S3Settings {
            keys: Some(S3Keys { id: Self::ACCESS_KEY.to_owned(), secret: SecretString::from(Self::SECRET_KEY), session_token: None }),
            region: "us-east-1".to_owned(),
            bucket: Self::BUCKET.to_owned(),
            endpoint: Some(self.endpoint.parse().unwrap()),
            public_base: None,
            style: S3Style::Path,
        }
    }

    /// How many objects there are.
    pub fn objects(&self) -> usize {
        fn count(folder: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
            entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
        }
        count(&self.folder.path().join(Self::BUCKET))
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How a mail server speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkTls {
    /// Not at all.
    None,
    /// After STARTTLS.
    StartTls,
    /// From the first byte.
    Implicit,
    /// Not at all, and it knows no login.
    Relay,
}

/// A mail server that keeps what it gets; it ends with this value. Recipients with `reject` in their address are refused for good,
/// those with `later` for now.
pub struct MailSink {
    /// On 127.0.0.1; its certificate is for `localhost`.
    pub port: u16,
    /// The certificate, PEM.
    pub certificate: String,
    mails: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl MailSink {
    /// Starts it.
    pub async fn start(tls: SinkTls) -> Self {
        cheapbob_wiring::prepare_process();
        let identity = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(identity.signing_key.serialize_der());
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![identity.cert.der().clone()], key.into()).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, mails) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Vec<String>>>::default());
        let kept = Arc::clone(&mails);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                // A client that goes away is none of the server's business.
                tokio::spawn(serve(socket, acceptor.clone(), tls, Arc::clone(&kept)));
            }
        });
        Self { port, certificate: identity.cert.pem(), mails, task }
    }

    /// For the adapter.
    pub fn settings(&self, tls: SinkTls) -> SmtpSettings {
        SmtpSettings {
            host: "localhost".to_owned(),
            port: self.port,
            credentials: (tls != SinkTls::Relay).then(|| ("u".to_owned(), SecretString::from("p"))),
            email: "no-reply@cheapbob.example".to_owned(),
            name: "CheapBob".to_owned(),
            tls: match tls {
                SinkTls::None | SinkTls::Relay => SmtpTls::None,
                SinkTls::StartTls => SmtpTls::StartTls,
                SinkTls::Implicit => SmtpTls::Implicit,
            },
            root_certificate: Some(self.certificate.clone().into_bytes()),
        }
    }

    /// The mails so far, as they came over the wire.
    pub fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }
}

impl Drop for MailSink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: TcpStream, acceptor: TlsAcceptor, tls: SinkTls, mails: Arc<Mutex<Vec<String>>>) -> io::Result<()> {
    match tls {
        SinkTls::Implicit => converse(acceptor.accept(socket).await?, false, true, &mails).await.map(|_| ()),
        SinkTls::None => converse(socket, false, true, &mails).await.map(|_| ()),
        SinkTls::Relay => relay(socket, &mails).await,
        SinkTls::StartTls => match converse(socket, true, true, &mails).await? {
            Some(socket) => converse(acceptor.accept(socket).await?, false, false, &mails).await.map(|_| ()),
            None => Ok(()),
        },
    }
}

/// Takes mail from whoever comes, and knows no login.
async fn relay(socket: TcpStream, mails: &Mutex<Vec<String>>) -> io::Result<()> {
    let (mut lines, mut mail) = (BufReader::new(socket), None::<String>);
    lines.write_all(b"220 relay ESMTP\r\n").await?;
    let mut line = String::new();
    while lines.read_line(&mut line).await? != 0 {
        let reply: &[u8] = match (line.trim_end(), &mut mail) {
            (".", Some(whole)) => {
                mails.lock().unwrap().push(std::mem::take(whole));
                mail = None;
                b"250 queued\r\n"
            }
            (_, Some(whole)) => {
                whole.push_str(&line);
                b""
            }
            (command, None) => match command.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" => b"250-relay\r\n250 8BITMIME\r\n",
                "AUTH" => b"503 no login here\r\n",
                "DATA" => {
                    mail = Some(String::new());
                    b"354 go\r\n"
                }
                _ => b"250 ok\r\n",
            },
        };
        lines.write_all(reply).await?;
        line.clear();
    }
    Ok(())
}

/// The conversation until QUIT, or until STARTTLS: then gives the stream back. Before STARTTLS it takes neither login nor mail.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    offers_tls: bool,
    greets: bool,
    mails: &Mutex<Vec<String>>,
) -> io::Result<Option<S>> {
    let mut stream = BufReader::new(stream);
    if greets {
        stream.write_all(b"220 sink ESMTP\r\n").await?;
    }
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let command = line.trim_end().to_ascii_uppercase();
        let verb = command.split([' ', ':']).next().unwrap_or_default();
        let reply: &[u8] = match verb {
            "EHLO" if offers_tls => b"250-sink\r\n250 STARTTLS\r\n",
            "EHLO" => b"250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN\r\n",
            "STARTTLS" if offers_tls => {
                stream.write_all(b"220 go\r\n").await?;
                return Ok(Some(stream.into_inner()));
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(None);
            }
            "AUTH" | "MAIL" | "RCPT" | "DATA" if offers_tls => b"530 STARTTLS first\r\n",
            "AUTH" => b"235 ok\r\n",
            "RCPT" if command.contains("REJECT") => b"550 no such user\r\n",
            "RCPT" if command.contains("LATER") => b"451 try again\r\n",
            "DATA" => {
                stream.write_all(b"354 go\r\n").await?;
                let mut mail = String::new();
                loop {
                    line.clear();
                    if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
                        break;
                    }
                    mail.push_str(line.strip_prefix('.').unwrap_or(&line));
                }
                mails.lock().unwrap().push(mail);
                b"250 queued\r\n"
            }
            _ => b"250 ok\r\n",
        };
        stream.write_all(reply).await?;
    }
}
