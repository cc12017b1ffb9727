//! A bucket of S3, or of a system that speaks like it, that files are put into.
//!
//! `object_store` knows the protocol: signatures, uploads in parts, which answers are worth another
//! try. It opens nothing: its requests go out through `wire`. Errors here are told from what the
//! wire saw, because its own name addresses and hold whole answers.

mod wire;

#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    time::Duration,
};

use bytes::Bytes;
use object_store::{
    BackoffConfig, MultipartUpload, ObjectStoreExt, PutPayload, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    path,
};

use self::wire::{Last, Wire};
use crate::{settings::tracking, transport::TlsError};

/// A larger file goes up in parts of this size: what an upload holds in memory.
const PART_BYTES: u64 = 8 << 20;
/// A file has so many parts at most
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const MAX_PARTS: u64 = 10_000;
/// The object that a trial puts and takes away.
const TRIAL: &str = ".cauce-check";

/// A bucket.
pub struct Bucket {
    store: AmazonS3,
    prefix: String,
    part_bytes: u64,
    last: Last,
}

/// What a trial showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// An object was put and taken away.
    Whole,
    /// An object was put; the key may not take it away.
    Left,
}

/// Why a file is not in the bucket.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bucket said no.
    #[error("the bucket refused it: {status} {code}; hint: {hint}")]
    Refused {
        /// The status of its answer.
        status: u16,
        /// Its own word for the reason.
        code: String,
        /// What to do.
        hint: &'static str,
    },
    /// No answer came, or none that is one.
    #[error(
        "the bucket cannot be reached: {0}; hint: look at tracking.export.bucket.endpoint, and at the way there"
    )]
    Unreachable(&'static str),
    /// What it answered is not S3.
    #[error(
        "the bucket answered what cannot be understood; hint: look at tracking.export.bucket.endpoint"
    )]
    Garbled,
    /// The settings make no bucket.
    #[error("the settings of the bucket cannot be used; hint: look at [tracking.export.bucket]")]
    Settings,
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The file cannot be read.
    #[error("a file cannot be read: {0}")]
    File(#[from] io::Error),
}

impl Bucket {
    /// A bucket as it is configured. Nothing is asked yet.
    pub fn open(settings: &tracking::Bucket) -> Result<Bucket, Error> {
        let retry = RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(200),
                max_backoff: Duration::from_secs(10),
                base: 2.0,
            },
            max_retries: 6,
            retry_timeout: Duration::from_secs(120),
        };
        Bucket::with(settings, retry, PART_BYTES)
    }

    fn with(
        settings: &tracking::Bucket,
        retry: RetryConfig,
        part_bytes: u64,
    ) -> Result<Bucket, Error> {
        let wire = Wire::new()?;
        let last = wire.last();
        let builder = AmazonS3Builder::new()
            .with_bucket_name(&settings.name)
            .with_region(&settings.region)
            .with_access_key_id(&settings.access_key_id)
            .with_secret_access_key(settings.secret_access_key.expose())
            .with_disable_bulk_delete(true)
            .with_retry(retry)
            .with_http_connector(wire);
        let builder = match &settings.endpoint {
            Some(endpoint) => builder
                .with_allow_http(endpoint.starts_with("http://"))
                .with_endpoint(endpoint),
            // A certificate of *.s3.… does not cover a name with a dot in it.
            None => builder.with_virtual_hosted_style_request(!settings.name.contains('.')),
        };
        Ok(Bucket {
            store: builder.build().map_err(|_| Error::Settings)?,
            prefix: settings.prefix.clone(),
            part_bytes,
            last,
        })
    }

    /// Puts a file under a name, in place of what has that name. Answers its bytes.
    ///
    /// The object is there whole or not at all. A large file goes up in parts, one at a time.
    pub async fn put_file(&self, name: &str, file: &Path) -> Result<u64, Error> {
        let path = self.path(name);
        let file = File::open(file)?;
        let bytes = file.metadata()?.len();
        let part = self.part_bytes.max(bytes.div_ceil(MAX_PARTS));
        let (file, first) = piece(file, part).await?;
        if first.len() as u64 == bytes {
            let put = self.store.put(&path, PutPayload::from_bytes(first)).await;
            self.told(put)?;
            return Ok(bytes);
        }
        let mut upload = self.told(self.store.put_multipart(&path).await)?;
        let sent = self.send_parts(&mut *upload, file, first, part).await;
        if sent.is_err() {
            // What is left of it costs room in the bucket, and nothing else.
            let _ = upload.abort().await;
        }
        sent.map(|()| bytes)
    }

    async fn send_parts(
        &self,
        upload: &mut dyn MultipartUpload,
        mut file: File,
        mut next: Bytes,
        part: u64,
    ) -> Result<(), Error> {
        while !next.is_empty() {
            let sent = upload.put_part(PutPayload::from_bytes(next)).await;
            self.told(sent)?;
            (file, next) = piece(file, part).await?;
        }
        let complete = upload.complete().await;
        self.told(complete).map(drop)
    }

    /// Finds out whether the bucket can be written: puts an empty object, and takes it away.
    pub async fn try_out(&self) -> Result<Trial, Error> {
        let path = self.path(TRIAL);
        let put = self.store.put(&path, PutPayload::new()).await;
        self.told(put)?;
        match self.store.delete(&path).await {
            Ok(()) => Ok(Trial::Whole),
            Err(_) => Ok(Trial::Left),
        }
    }

    fn path(&self, name: &str) -> path::Path {
        path::Path::from(format!("{}/{name}", self.prefix))
    }

    /// An error in our words.
    fn told<T>(&self, done: object_store::Result<T>) -> Result<T, Error> {
        done.map_err(|_| self.last.error())
    }
}

/// The next piece of a file; empty at its end.
async fn piece(mut file: File, most: u64) -> io::Result<(File, Bytes)> {
    let read = tokio::task::spawn_blocking(move || {
        let mut piece = Vec::new();
        io::Read::by_ref(&mut file)
            .take(most)
            .read_to_end(&mut piece)?;
        Ok((file, Bytes::from(piece)))
    });
    read.await.map_err(io::Error::other)?
}
