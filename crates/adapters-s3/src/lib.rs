#![doc = include_str!("../README.md")]

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Error, Result},
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
        Ok(Self { bucket, public_base })
    }

    /// Whether the bucket answers.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn ping(&self) -> Result<()> {
        match soon(self.bucket.head_object("/health")).await? {
            Ok(_) | Err(S3Error::HttpFailWithBody(404, _)) => Ok(()),
            Err(e) => Err(failed(e)),
        }
    }
}

async fn soon<T>(call: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(SOON, call).await.map_err(|e| Error::unavailable(PART, e))
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
        self.ping().await?;
        self.bucket.put_object_with_content_type(format!("/{key}"), &bytes, content_type).await.map(|_| ()).map_err(failed)
    }

    #[tracing::instrument(name = "s3 delete", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
    async fn delete(&self, key: &str) -> Result<()> {
        let Some(key) = check(key) else { return Ok(()) };
        match soon(self.bucket.delete_object(format!("/{key}"))).await? {
            Ok(_) | Err(S3Error::HttpFailWithBody(404, _)) => Ok(()),
            Err(e) => Err(failed(e)),
        }
    }

    #[tracing::instrument(name = "s3 list", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
    async fn list(&self, prefix: &str, after: Option<String>, limit: usize) -> Result<Vec<StoredObject>> {
        let (page, _) = self.bucket.list_page(prefix.to_owned(), None, None, after, Some(limit)).await.map_err(failed)?;
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
        match self.bucket.get_object(format!("/{key}")).await {
            Ok(object) => {
                let content_type = object.headers().get("content-type").cloned().unwrap_or_else(|| "application/octet-stream".to_owned());
                Ok(Some((content_type, object.into_bytes().to_vec())))
            }
            Err(S3Error::HttpFailWithBody(404, _)) => Ok(None),
            Err(e) => Err(failed(e)),
        }
    }
}
