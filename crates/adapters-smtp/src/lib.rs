#![doc = include_str!("../README.md")]

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cheapbob_domain::shared::{
    Breaker, Error, Result,
    mail::{Delivery, Mail, Mailer},
};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    address::AddressError,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

const PART: &str = "smtp";

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a whole mail may take: what a server that was reached says nothing to, the library waits for without end.
const LIMIT: Duration = Duration::from_secs(15);

/// How the conversation is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// From the first byte: usual on port 465 (RFC 8314).
    Implicit,
    /// After STARTTLS, which is required.
    StartTls,
    /// Not at all: for a server on this machine, in tests and development.
    None,
}

/// Where mail goes out.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Host name, also the name in its certificate.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User and password; `None`: a relay that takes our mail without them.
    pub credentials: Option<(String, SecretString)>,
    /// The sender's address.
    pub email: String,
    /// The sender's name.
    pub name: String,
    /// How it is kept private.
    pub tls: SmtpTls,
    /// PEM of one more authority to trust: a company's own.
    pub root_certificate: Option<Vec<u8>>,
}

/// Why the settings are of no use.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The sender's address is none.
    #[error("SUPER_ADMIN_SMTP_EMAIL is no address: {0}")]
    Address(#[from] AddressError),
    /// The host's name cannot be in a certificate, or the authority's certificate is none.
    #[error("SUPER_ADMIN_SMTP_HOST or SUPER_ADMIN_SMTP_CA_FILE: {0}")]
    Tls(#[from] lettre::transport::smtp::Error),
}

/// The way out.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    breaker: Arc<Breaker>,
}

impl Smtp {
    /// Connects when first used; connections are kept for the next mail.
    ///
    /// # Errors
    /// [`SmtpError`].
    pub fn new(settings: &SmtpSettings) -> std::result::Result<Self, SmtpError> {
        let mut parameters = TlsParameters::builder(settings.host.clone());
        if let Some(pem) = &settings.root_certificate {
            parameters = parameters.add_root_certificate(Certificate::from_pem(pem)?);
        }
        let tls = match settings.tls {
            SmtpTls::None => Tls::None,
            SmtpTls::Implicit => Tls::Wrapper(parameters.build()?),
            SmtpTls::StartTls => Tls::Required(parameters.build()?),
        };
        let mut transport =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host).port(settings.port).tls(tls).timeout(Some(PATIENCE));
        if let Some((user, password)) = &settings.credentials {
            transport = transport.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
        }
        Ok(Self {
            transport: transport.build(),
            from: Mailbox::new(Some(settings.name.clone()), settings.email.parse()?),
            breaker: Arc::new(Breaker::new(PART)),
        })
    }

    /// Behind the process's breaker.
    pub fn with_breaker(self, breaker: Arc<Breaker>) -> Self {
        Self { breaker, ..self }
    }

    /// Whether the mail server lets us in.
    ///
    /// # Errors
    /// Unavailable: it does not answer, its certificate is not trusted, or it refuses our login.
    pub async fn ping(&self) -> Result<()> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::unavailable(PART, "it takes connections and ends them at once")),
            Err(e) => Err(Error::unavailable(PART, e)),
        }
    }
}

/// Whether the server has not said anything.
fn is_silence<T>(sent: &std::result::Result<T, lettre::transport::smtp::Error>) -> bool {
    sent.as_ref().is_err_and(|e| e.status().is_none())
}

/// No person wrote it, and no out-of-office answer is wanted (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> std::result::Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Where one POST ends such mails (RFC 2369, RFC 8058).
fn unsubscribe(link: &str) -> [HeaderValue; 2] {
    let header = |name, value| HeaderValue::new(HeaderName::new_from_ascii_str(name), value);
    [header("List-Unsubscribe", format!("<{link}>")), header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned())]
}

/// What an operator can do where a mail is refused for good (RFC 5321, 4.2.3; RFC 4954, 6).
fn advice(code: u16) -> &'static str {
    match code {
        530 | 534 | 535 | 538 => "check SUPER_ADMIN_SMTP_USER and SUPER_ADMIN_SMTP_PASSWORD, then retry the task",
        550 | 551 => "the mailbox is gone or refuses us: nothing to do for this mail; if all are refused, check SUPER_ADMIN_SMTP_EMAIL",
        552 => "the mailbox is full: nothing to do",
        501 | 553 => "the server takes no such address: check SUPER_ADMIN_SMTP_EMAIL, or nothing to do for this one",
        554 => {
            "the server takes no mail of this kind from us: check its blocklists, SPF, DKIM and SUPER_ADMIN_SMTP_EMAIL, then retry the task"
        }
        _ => "read the server's words, then retry the task or leave it",
    }
}

#[async_trait]
impl Mailer for Smtp {
    #[tracing::instrument(name = "smtp", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
    async fn send(&self, message_id: &str, mail: &Mail) -> Result<Delivery> {
        let to = match mail.to.parse() {
            Ok(to) => to,
            Err(e) => return Ok(Delivery::Refused(format!("the recipient's address is none ({e}): nothing to do"))),
        };
        let mut message = Message::builder()
            .message_id(Some(format!("<{message_id}@{}>", self.from.email.domain())))
            .header(AutoSubmitted)
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&mail.subject)
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .map_err(Error::internal)?;
        for header in mail.unsubscribe.iter().flat_map(|link| unsubscribe(link)) {
            message.headers_mut().insert_raw(header);
        }
        let sending = timeout(LIMIT, self.transport.send(message));
        let sent = self.breaker.ask(sending, |outcome| outcome.as_ref().map_or(true, is_silence)).await?;
        match sent.map_err(|e| Error::unavailable(PART, e))? {
            Ok(_) => Ok(Delivery::Sent),
            Err(e) if e.is_permanent() => {
                let code = e.status().map_or(0, u16::from);
                Ok(Delivery::Refused(format!("{code}: {e}: {}", advice(code))))
            }
            Err(e) => Err(Error::unavailable(PART, e)),
        }
    }
}
