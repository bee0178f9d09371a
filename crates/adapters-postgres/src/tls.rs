//! TLS as libpq's words ask for it.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};

/// Why a certificate or key is of no use.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file is not there, or not ours.
    #[error("{path} cannot be read: {error}")]
    File {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The file holds no PEM of that kind.
    #[error("{path} has no PEM of {what}")]
    Pem {
        /// The file.
        path: String,
        /// What it should hold.
        what: &'static str,
    },
    /// One of the two without the other.
    #[error("sslcert and sslkey go together")]
    Half,
    /// The system has no authorities of its own.
    #[error("this machine lists no certificate authorities: install ca-certificates, or name a file in DB_SSLROOTCERT")]
    NoAuthorities,
    /// rustls cannot use them.
    #[error("TLS: {0}")]
    Rustls(#[from] Error),
    /// No verifier can be made of the authorities.
    #[error("TLS: {0}")]
    Verifier(#[from] rustls::client::VerifierBuilderError),
}

/// Files that the words name.
#[derive(Default)]
pub(crate) struct Trust {
    /// `None`: the system's.
    pub(crate) authorities: Option<String>,
    pub(crate) certificate: Option<String>,
    pub(crate) key: Option<String>,
}

/// What of the server's certificate is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verified {
    /// That somebody has it who knows its key.
    Nothing,
    /// And that one of the authorities vouches for it.
    Chain,
    /// And that it is of the host that we asked for.
    ChainAndName,
}

pub(crate) fn client(trust: &Trust, verified: Verified) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let (chain, known) = match verified {
        Verified::Nothing => (None, Vec::new()),
        Verified::Chain | Verified::ChainAndName => {
            let named = trust.authorities.as_deref();
            let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(authorities(named)?), Arc::clone(&provider)).build()?;
            (Some(chain), named.map_or_else(|| Ok(Vec::new()), certificates)?)
        }
    };
    let with_name = verified == Verified::ChainAndName;
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { chain, known, with_name, provider }));
    Ok(Arc::new(match (&trust.certificate, &trust.key) {
        (None, None) => config.with_no_client_auth(),
        (Some(certificate), Some(key)) => {
            let key = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|_| TlsError::Pem { path: key.clone(), what: "a private key" })?;
            config.with_client_auth_cert(certificates(certificate)?, key)?
        }
        _ => return Err(TlsError::Half),
    }))
}

fn read(path: &str) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::File { path: path.to_owned(), error })
}

fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let none = || TlsError::Pem { path: path.to_owned(), what: "a certificate" };
    let found: Vec<_> = CertificateDer::pem_slice_iter(&read(path)?).collect::<Result<_, _>>().map_err(|_| none())?;
    if found.is_empty() { Err(none()) } else { Ok(found) }
}

fn authorities(path: Option<&str>) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    match path {
        Some(path) => {
            for certificate in certificates(path)? {
                store.add(certificate)?;
            }
        }
        // What cannot be read of the system's is left out, as everybody leaves it out.
        None => drop(store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    if store.is_empty() { Err(TlsError::NoAuthorities) } else { Ok(store) }
}

/// Verifies as much of a certificate as `sslmode` says.
#[derive(Debug)]
struct Verifier {
    /// `None`: nothing but the key.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Those of the file of authorities: one of them may be the server's own, which has signed itself.
    known: Vec<CertificateDer<'static>>,
    with_name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        if self.known.iter().any(|known| known == certificate) {
            if self.with_name {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        match chain.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // The name is looked at last: whoever fails by it alone has passed the rest.
            Err(Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }))
                if !self.with_name =>
            {
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}
