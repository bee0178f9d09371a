//! The object storage's fake: a folder, served under `/media/…`.

use std::path::{Component, Path, PathBuf};

use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Error, Result},
    stores::{StoredObject, ports::ObjectStorage},
};

/// Objects as files.
pub struct Folder {
    root: PathBuf,
    public_base: String,
}

impl Folder {
    /// Objects under `root`; browsers reach them at `{public_base}/media/…`.
    pub fn new(root: PathBuf, public_base: &str) -> Self {
        Self { root, public_base: public_base.trim_end_matches('/').to_owned() }
    }

    /// A key names a file below the root and nothing else; no file has a longer name.
    fn path(&self, key: &str) -> Option<PathBuf> {
        const LONGEST: usize = 255;
        let is_name = |c: Component<'_>| matches!(c, Component::Normal(name) if name.len() <= LONGEST);
        let inside = !key.is_empty() && !key.contains('\0') && Path::new(key).components().all(is_name);
        inside.then(|| self.root.join(key))
    }
}

fn content_type(key: &str) -> &'static str {
    match Path::new(key).extension().and_then(|e| e.to_str()) {
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        _ => "application/octet-stream",
    }
}

/// Every file below `root`; one that goes meanwhile is none.
fn files(root: &Path) -> Vec<StoredObject> {
    let (mut folders, mut found) = (vec![root.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(about) = entry.metadata() else { continue };
            if about.is_dir() {
                folders.push(path);
            } else if let Some(key) = path.strip_prefix(root).ok().and_then(Path::to_str) {
                let age = about.modified().ok().and_then(|written| written.elapsed().ok()).unwrap_or_default();
                found.push(StoredObject { key: key.to_owned(), age });
            }
        }
    }
    found
}

#[async_trait]
impl ObjectStorage for Folder {
    fn public_url(&self, key: &str) -> String {
        let mut url = self.public_base.clone();
        url.push_str("/media");
        for segment in key.split('/') {
            url.push('/');
            url.extend(url::form_urlencoded::byte_serialize(segment.as_bytes()).map(|s| if s == "+" { "%20" } else { s }));
        }
        url
    }

    async fn put(&self, key: &str, _content_type: &str, bytes: Vec<u8>) -> Result<()> {
        let path = self.path(key).ok_or_else(|| Error::internal("a key that is no path"))?;
        let unavailable = |e| Error::unavailable("storage", e);
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(unavailable)?;
        }
        // Written beside, then renamed: nobody sees half a picture.
        let part = path.with_extension("part");
        tokio::fs::write(&part, bytes).await.map_err(unavailable)?;
        tokio::fs::rename(&part, &path).await.map_err(unavailable)
    }

    async fn delete(&self, key: &str) -> Result<()> {
        let Some(path) = self.path(key) else { return Ok(()) };
        match tokio::fs::remove_file(path).await {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::unavailable("storage", e)),
            _ => Ok(()),
        }
    }

    async fn list(&self, prefix: &str, after: Option<String>, limit: usize) -> Result<Vec<StoredObject>> {
        let root = self.root.clone();
        let mut all = tokio::task::spawn_blocking(move || files(&root)).await.map_err(Error::internal)?;
        all.retain(|object| object.key.starts_with(prefix) && after.as_ref().is_none_or(|after| object.key > *after));
        all.sort_by(|a, b| a.key.cmp(&b.key));
        all.truncate(limit);
        Ok(all)
    }

    async fn get(&self, key: &str) -> Result<Option<(String, Vec<u8>)>> {
        let Some(path) = self.path(key) else { return Ok(None) };
        match tokio::fs::read(&path).await {
            Ok(bytes) => Ok(Some((content_type(key).to_owned(), bytes))),
            Err(e)
                if matches!(
                    e.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::IsADirectory | std::io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(e) => Err(Error::unavailable("storage", e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_below_the_root() {
        let folder = Folder::new("/r".into(), "http://h/");
        assert_eq!(folder.path("a/b.jpg"), Some("/r/a/b.jpg".into()));
        for bad in ["", "/etc/passwd", "../x", "a/../../x", "./a", "a\0", &"a".repeat(256)] {
            assert_eq!(folder.path(bad), None, "{bad:?}");
        }
        assert_eq!(folder.public_url("a b/한.jpg"), "http://h/media/a%20b/%ED%95%9C.jpg");
    }
}
