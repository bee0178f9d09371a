//! A store's pictures and the objects that hold them.

use std::time::Duration;

use crate::{
    shared::{Refusal, Result},
    stores::error,
};

/// The most pictures of a store (contract).
pub const MOST_IMAGES: usize = 11;

/// The largest picture in bytes (contract: 15 MB).
pub const LARGEST_IMAGE: usize = 15 * 1024 * 1024;

/// What a picture may be. The bytes decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageKind {
    /// `image/jpeg`.
    Jpeg,
    /// `image/png`.
    Png,
    /// `image/webp`.
    Webp,
}

impl ImageKind {
    /// The media type that the object is stored with.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }
}

/// Pictures of one request, stored as they come, so that only one is in memory. Rows are written at the end; an upload whose
/// keys no row names in the end must be ended by `ImageService::abandon`.
#[derive(Debug)]
pub struct Upload {
    folder: &'static str,
    owner: String,
    pub(in crate::stores) room: usize,
    pub(in crate::stores) full: Refusal,
    pub(in crate::stores) keys: Vec<String>,
}

impl Upload {
    /// Of `room` pictures at most, `full` beyond; they lie in `folder`, under their owner's id.
    pub fn into(folder: &'static str, owner: &str, room: usize, full: Refusal) -> Self {
        Self { folder, owner: owner.to_owned(), room, full, keys: Vec::new() }
    }

    /// Whose pictures they are: a store's or a payment's id.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// A key for one more.
    pub(in crate::stores) fn key(&self, name: &str, kind: ImageKind) -> String {
        format!("{}{}/{}.{}", self.folder, self.owner, name.to_lowercase(), kind.extension())
    }

    /// The keys of what is stored: at least one.
    ///
    /// # Errors
    /// `no_images`.
    pub fn stored(&self) -> Result<&[String]> {
        if self.keys.is_empty() { Err(error::NO_IMAGES.into()) } else { Ok(&self.keys) }
    }

    /// Pictures stored so far.
    pub fn count(&self) -> usize {
        self.keys.len()
    }
}

/// A picture of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Key in the object storage; may contain `/`.
    pub key: String,
    /// Exactly one of a store's pictures is.
    pub is_main: bool,
    /// Order of the others.
    pub display_order: i32,
}

/// Whether this can be a key in the object storage: at most 1,024 bytes (S3's limit), in segments of 1 to 255 bytes (a file's name), none
/// of them `.` or `..`, without control characters.
pub fn is_object_key(text: &str) -> bool {
    let plain = |segment: &str| (1..=255).contains(&segment.len()) && !matches!(segment, "." | "..");
    text.len() <= 1_024 && text.split('/').all(plain) && !text.chars().any(char::is_control)
}

/// What adding pictures came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// The whole list of the store.
    Images(Vec<Image>),
    /// There are pictures already.
    Exist,
    /// There would be too many.
    TooMany,
}

/// What removing a picture came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// The row is deleted; the object may follow.
    Removed,
    /// It is the main one and stays.
    IsMain,
    /// The store has no such picture.
    NotThere,
}

/// An object that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Key in the bucket; may contain `/`.
    pub key: String,
    /// Real time since it was written.
    pub age: Duration,
}
