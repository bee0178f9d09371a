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
use url::Url;

const PART: &str = "s3";

/// A picture has 15 MB at most; a slow storage must not hold the seller's app for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// For what a storage that is there does at once. An upload to one that is silent asks, fails and tidies up: twice this, within 3 s.
const SOON: Duration = Duration::from_millis(1_250);

/// Where the bucket is.
#[derive(Debug, Clone)]
pub struct S3Settings {
    /// `AWS_ACCESS_KEY_ID`
    pub access_key: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_key: SecretString,
    /// `ap-northeast-2` …
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// Where there is a server other than AWS.
    pub endpoint: Option<Url>,
    /// Where browsers read objects; `None`: at the endpoint itself.
    pub public_base: Option<Url>,
}

/// The bucket.
pub struct S3 {
    bucket: Box<Bucket>,
    public_base: Url,
    breaker: Arc<Breaker>,
}

impl S3 {
    /// Connects when first used.
    ///
    /// # Errors
    /// Where the settings are none that the library takes.
    pub fn new(settings: &S3Settings) -> std::result::Result<Self, S3Error> {
        let region = match &settings.endpoint {
            Some(endpoint) => {
                Region::Custom { region: settings.region.clone(), endpoint: endpoint.as_str().trim_end_matches('/').to_owned() }
            }
            None => settings.region.parse().map_err(|_| S3Error::HttpFail)?,
        };
        let credentials = Credentials::new(Some(&settings.access_key), Some(settings.secret_key.expose_secret()), None, None, None)?;
        let bucket = Bucket::new(&settings.bucket, region, credentials)?.with_path_style().with_request_timeout(PATIENCE)?;
        let public_base = settings.public_base.clone().map_or_else(|| Url::parse(&bucket.url()), Ok);
        let mut public_base = public_base.map_err(|_| S3Error::HttpFail)?;
        if !public_base.path().ends_with('/') {
            public_base.set_path(&format!("{}/", public_base.path()));
        }
        Ok(Self { bucket, public_base, breaker: Arc::new(Breaker::for_people(PART)) })
    }

    /// Behind the process's breaker.
    pub fn with_breaker(self, breaker: Arc<Breaker>) -> Self {
        Self { breaker, ..self }
    }

    /// Whether the bucket answers, asked in any case.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn ping(&self) -> Result<()> {
        there(self.breaker.watch(soon(self.bucket.head_object("/health")), is_silence).await)
    }

    async fn ask<T>(&self, call: impl Future<Output = std::result::Result<T, S3Error>>) -> Result<std::result::Result<T, S3Error>> {
        Ok(self.breaker.ask(call, is_silence).await?)
    }
}

async fn soon<T>(call: impl Future<Output = std::result::Result<T, S3Error>>) -> std::result::Result<T, S3Error> {
    tokio::time::timeout(SOON, call).await.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

/// Whether the storage has not said anything, or only that it cannot.
fn is_silence<T>(outcome: &std::result::Result<T, S3Error>) -> bool {
    matches!(outcome, Err(S3Error::Io(_) | S3Error::Reqwest(_) | S3Error::HttpFail | S3Error::HttpFailWithBody(500.., _)))
}

/// An object that is not there is no failure.
fn there<T>(outcome: std::result::Result<T, S3Error>) -> Result<()> {
    match outcome {
        Ok(_) | Err(S3Error::HttpFailWithBody(404, _)) => Ok(()),
        Err(e) => Err(failed(e)),
    }
}

fn failed(error: S3Error) -> Error {
    Error::unavailable(PART, error)
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
        url.into()
    }

    #[tracing::instrument(name = "s3 put", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
    async fn put(&self, key: &str, content_type: &str, bytes: Vec<u8>) -> Result<()> {
        let key = check(key).ok_or_else(|| Error::internal("a key that is no path"))?;
        // Large pictures take their time; nobody waits as long to hear that the storage is away.
        there(self.ask(soon(self.bucket.head_object("/health"))).await?)?;
        self.ask(self.bucket.put_object_with_content_type(format!("/{key}"), &bytes, content_type)).await?.map(|_| ()).map_err(failed)
    }

    #[tracing::instrument(name = "s3 delete", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
    async fn delete(&self, key: &str) -> Result<()> {
        let Some(key) = check(key) else { return Ok(()) };
        there(self.ask(soon(self.bucket.delete_object(format!("/{key}")))).await?)
    }

    #[tracing::instrument(name = "s3 list", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
    async fn list(&self, prefix: &str, after: Option<String>, limit: usize) -> Result<Vec<StoredObject>> {
        let (page, _) = self.ask(self.bucket.list_page(prefix.to_owned(), None, None, after, Some(limit))).await?.map_err(failed)?;
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
        match self.ask(self.bucket.get_object(format!("/{key}"))).await? {
            Ok(object) => {
                let content_type = object.headers().get("content-type").cloned().unwrap_or_else(|| "application/octet-stream".to_owned());
                Ok(Some((content_type, object.into_bytes().to_vec())))
            }
            Err(S3Error::HttpFailWithBody(404, _)) => Ok(None),
            Err(e) => Err(failed(e)),
        }
    }
}
