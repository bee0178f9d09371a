#![doc = include_str!("../README.md")]

use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Breaker, Error, Result},
    stores::{StoredObject, ports::ObjectStorage},
};
use chrono::DateTime;
use s3::{Bucket, Region, creds::Credentials, error::S3Error, serde_types::Object};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OnceCell;
use url::Url;

const PART: &str = "s3";

/// A picture has 15 MB at most; a slow storage must not hold the seller's app for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// For what a storage that is there does at once. An upload to one that is silent fails and tidies up: twice this, within 3 s.
const SOON: Duration = Duration::from_millis(1_250);

/// Bytes a second with which an upload goes on at least.
const SLOWEST: f64 = 2_000_000.0;

/// How long the container or the instance may take to hand out its keys.
const CREDENTIALS: Duration = Duration::from_secs(2);

/// An access key.
#[derive(Debug, Clone)]
pub struct S3Keys {
    /// `AWS_ACCESS_KEY_ID`
    pub id: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret: SecretString,
    /// `AWS_SESSION_TOKEN`, of a key that is lent.
    pub session_token: Option<SecretString>,
}

/// Where the bucket's name stands in its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum S3Style {
    /// `https://host/bucket/key`
    Path,
    /// `https://bucket.host/key`
    Virtual,
}

/// Where the bucket is.
#[derive(Debug, Clone)]
pub struct S3Settings {
    /// `None`: those of the role of this pod, container or instance, as AWS' own clients look for them.
    pub keys: Option<S3Keys>,
    /// `ap-northeast-2` …
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// Where there is a server other than AWS.
    pub endpoint: Option<Url>,
    /// Where browsers read objects; `None`: at the endpoint itself.
    pub public_base: Option<Url>,
    /// How the bucket is addressed.
    pub style: S3Style,
}

/// The bucket.
pub struct S3 {
    settings: S3Settings,
    bucket: OnceCell<Box<Bucket>>,
    public_base: Url,
    breaker: Arc<Breaker>,
}

impl S3 {
    /// Connects when first used.
    ///
    /// # Errors
    /// Where the settings are none that the library takes.
    pub fn new(settings: &S3Settings) -> std::result::Result<Self, S3Error> {
        let nameless = bucket(settings, Credentials::anonymous()?)?;
        let public_base = settings.public_base.clone().map_or_else(|| Url::parse(&nameless.url()), Ok);
        let mut public_base = public_base.map_err(|_| S3Error::HttpFail)?;
        if !public_base.path().ends_with('/') {
            public_base.set_path(&format!("{}/", public_base.path()));
        }
        Ok(Self { settings: settings.clone(), bucket: OnceCell::new(), public_base, breaker: Arc::new(Breaker::for_people(PART)) })
    }

    /// Behind the process's breaker.
    pub fn with_breaker(self, breaker: Arc<Breaker>) -> Self {
        Self { breaker, ..self }
    }

    /// With the role's keys, which the library renews before they end.
    async fn bucket(&self) -> Result<&Bucket> {
        let known = async || {
            let credentials = match &self.settings.keys {
                Some(keys) => {
                    let token = keys.session_token.as_ref().map(ExposeSecret::expose_secret);
                    Credentials::new(Some(&keys.id), Some(keys.secret.expose_secret()), None, token, None)
                }
                None => tokio::task::spawn_blocking(role).await.map_err(Error::internal)?,
            };
            credentials.map_err(S3Error::from).and_then(|credentials| bucket(&self.settings, credentials)).map_err(failed)
        };
        self.bucket.get_or_try_init(known).await.map(|bucket| &**bucket)
    }

    /// Whether the bucket answers us, asked in any case. A key that may not list is told 403 of an object that is not there.
    ///
    /// # Errors
    /// Unavailable: no answer in time, or another key or bucket is wanted.
    pub async fn ping(&self) -> Result<()> {
        let asked = self.breaker.watch(soon(self.bucket().await?.get_object("/health")), is_silence).await;
        match asked {
            Err(S3Error::HttpFailWithBody(403, body)) if element(&body, "Code") == Some("AccessDenied") => Ok(()),
            answer => there(answer),
        }
    }

    async fn ask<T>(&self, call: impl Future<Output = std::result::Result<T, S3Error>>) -> Result<std::result::Result<T, S3Error>> {
        Ok(self.breaker.ask(call, is_silence).await?)
    }
}

/// Whether the storage has not said anything, or only that it cannot.
fn is_silence<T>(outcome: &std::result::Result<T, S3Error>) -> bool {
    matches!(outcome, Err(S3Error::Io(_) | S3Error::Reqwest(_) | S3Error::HttpFail | S3Error::HttpFailWithBody(500.., _)))
}

/// An object that is not there is no failure.
fn there<T>(outcome: std::result::Result<T, S3Error>) -> Result<()> {
    match outcome {
        Ok(_) => Ok(()),
        Err(e) if is_missing(&e) => Ok(()),
        Err(e) => Err(failed(e)),
    }
}

/// The keys of the role.
fn role() -> std::result::Result<Credentials, s3::creds::error::CredentialsError> {
    s3::creds::set_request_timeout(Some(CREDENTIALS));
    Credentials::default()
}

fn bucket(settings: &S3Settings, credentials: Credentials) -> std::result::Result<Box<Bucket>, S3Error> {
    let region = match &settings.endpoint {
        Some(endpoint) => Region::Custom { region: settings.region.clone(), endpoint: endpoint.as_str().trim_end_matches('/').to_owned() },
        None => settings.region.parse().map_err(|_| S3Error::HttpFail)?,
    };
    let bucket = Bucket::new(&settings.bucket, region, credentials)?.with_request_timeout(PATIENCE)?;
    Ok(match settings.style {
        S3Style::Path => bucket.with_path_style(),
        S3Style::Virtual => bucket,
    })
}

async fn soon<T>(call: impl Future<Output = std::result::Result<T, S3Error>>) -> std::result::Result<T, S3Error> {
    within(SOON, call).await
}

async fn within<T>(limit: Duration, call: impl Future<Output = std::result::Result<T, S3Error>>) -> std::result::Result<T, S3Error> {
    tokio::time::timeout(limit, call).await.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

/// What stands in the element of an answer's XML.
fn element<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    rest.split_once('<').map(|(text, _)| text.trim())
}

/// Whether the bucket is there and the object is not.
fn is_missing(error: &S3Error) -> bool {
    matches!(error, S3Error::HttpFailWithBody(404, body) if element(body, "Code") != Some("NoSuchBucket"))
}

/// In one line: the status, S3's code and words, and the id that a provider's support asks for.
fn failed(error: S3Error) -> Error {
    let S3Error::HttpFailWithBody(status, body) = &error else { return Error::unavailable(PART, error) };
    let parts = ["Code", "Message", "RequestId"].map(|name| element(body, name).map(|text| text.replace(['\n', '\r'], " ")));
    let [code, message, request] = parts;
    let said = [code, message, request.map(|id| format!("request {id}"))].into_iter().flatten().collect::<Vec<_>>().join(", ");
    Error::unavailable(PART, format!("S3 answers {status} {said}").trim_end().to_owned())
}

/// A key names an object below the bucket and nothing else.
fn check(key: &str) -> Option<&str> {
    let plain = |segment: &str| !matches!(segment, "" | "." | "..");
    (key.split('/').all(plain) && !key.contains('\0')).then_some(key)
}

#[async_trait]
impl ObjectStorage for S3 {
    fn public_url(&self, key: &str) -> String {
        let mut url = self.public_base.clone();
        // A base of http or https has path segments.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(key.split('/'));
        }
        // S3 reads a plus sign as a space, as forms have it. The base stays as it was set.
        let (base, key) = url.as_str().split_at(self.public_base.as_str().len());
        format!("{base}{}", key.replace('+', "%2B"))
    }

    #[tracing::instrument(name = "s3 put", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
    async fn put(&self, key: &str, content_type: &str, bytes: Vec<u8>) -> Result<()> {
        let key = check(key).ok_or_else(|| Error::internal("a key that is no path"))?;
        // Large pictures take their time; nobody waits as long to hear that the storage is away.
        #[expect(clippy::cast_precision_loss, reason = "a time limit")]
        let limit = SOON + Duration::from_secs_f64(bytes.len() as f64 / SLOWEST);
        let put = self.bucket().await?.put_object_with_content_type(format!("/{key}"), &bytes, content_type);
        self.ask(within(limit, put)).await?.map(|_| ()).map_err(failed)
    }

    #[tracing::instrument(name = "s3 delete", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
    async fn delete(&self, key: &str) -> Result<()> {
        let Some(key) = check(key) else { return Ok(()) };
        there(self.ask(soon(self.bucket().await?.delete_object(format!("/{key}")))).await?)
    }

    #[tracing::instrument(name = "s3 list", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
    async fn list(&self, prefix: &str, after: Option<String>, limit: usize) -> Result<Vec<StoredObject>> {
        let (page, _) =
            self.ask(self.bucket().await?.list_page(prefix.to_owned(), None, None, after, Some(limit))).await?.map_err(failed)?;
        let stored = |object: Object| {
            let written = DateTime::parse_from_rfc3339(&object.last_modified).map_err(Error::internal)?;
            let age = SystemTime::from(written).elapsed().unwrap_or_default();
            Ok(StoredObject { key: object.key, age })
        };
        page.contents.into_iter().map(stored).collect()
    }

    #[tracing::instrument(name = "s3 get", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
    async fn get(&self, key: &str) -> Result<Option<(String, Vec<u8>)>> {
        let Some(key) = check(key) else { return Ok(None) };
        match self.ask(self.bucket().await?.get_object(format!("/{key}"))).await? {
            Ok(object) => {
                let content_type = object.headers().get("content-type").cloned().unwrap_or_else(|| "application/octet-stream".to_owned());
                Ok(Some((content_type, object.into_bytes().to_vec())))
            }
            Err(e) if is_missing(&e) => Ok(None),
            Err(e) => Err(failed(e)),
        }
    }
}
