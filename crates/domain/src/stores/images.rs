//! Pictures of a store: objects in the storage, rows that name them.

use std::{collections::HashSet, sync::Arc, time::Duration};

use super::{
    error,
    model::image::{Added, Image, ImageKind, MOST_IMAGES, Removed, Upload},
    ports::{ObjectStorage, StoreImages},
    store_service::StoreService,
};
use crate::shared::{Email, Ids, Result, StoreId};

/// Where pictures of stores lie; the bucket may hold other things.
const FOLDER: &str = "stores/";

/// Where the licences of stores lie, which nobody but their sellers and operators is to see.
pub(super) const LICENCES: &str = "licences/";

/// Where pictures of disputes lie, which both sides and operators see.
pub const DISPUTES: &str = "disputes/";

/// Where each object is named by a row, or is an orphan.
const FOLDERS: [&str; 3] = [FOLDER, LICENCES, DISPUTES];

/// Objects looked at in one step.
const PAGE: usize = 1_000;

/// No upload takes so long.
const ORPHAN_AGE: Duration = Duration::from_secs(24 * 3600);

/// Use cases of a store's pictures.
pub struct ImageService {
    images: Arc<dyn StoreImages>,
    storage: Arc<dyn ObjectStorage>,
    stores: Arc<StoreService>,
    ids: Arc<dyn Ids>,
}

impl ImageService {
    /// Builds the use cases on their ports.
    pub fn new(images: Arc<dyn StoreImages>, storage: Arc<dyn ObjectStorage>, stores: Arc<StoreService>, ids: Arc<dyn Ids>) -> Self {
        Self { images, storage, stores, ids }
    }

    /// The pictures, the main one first.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn list(&self, seller: &Email) -> Result<(StoreId, Vec<Image>)> {
        let store = self.stores.store_id(seller).await?;
        let images = self.images.list(&store).await?;
        Ok((store, images))
    }

    /// Begins an upload of a store's pictures. `first`: the store's first pictures, of which the first becomes the main one.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `images_exist`: the store has pictures already.
    pub async fn begin(&self, seller: &Email, first: bool) -> Result<Upload> {
        let (store, images) = self.list(seller).await?;
        if first && !images.is_empty() {
            return Err(error::IMAGES_EXIST.into());
        }
        Ok(Upload::into(FOLDER, store.as_str(), MOST_IMAGES.saturating_sub(images.len()), error::TOO_MANY_IMAGES))
    }

    /// Whether one more picture may come, before it is read.
    ///
    /// # Errors
    /// What the upload says of one too many.
    pub fn check_room(&self, upload: &Upload) -> Result<()> {
        if upload.keys.len() < upload.room { Ok(()) } else { Err(upload.full.into()) }
    }

    /// Puts one picture into the bucket; its row is written at the end.
    ///
    /// # Errors
    /// - What the upload says of one too many.
    /// - Unavailable: a part that is needed does not answer in time; nothing has changed.
    pub async fn add(&self, upload: &mut Upload, kind: ImageKind, bytes: Vec<u8>) -> Result<()> {
        self.check_room(upload)?;
        let key = upload.key(&self.ids.ulid(), kind);
        // Named before it is stored: an upload that fails half-way is deleted as well.
        upload.keys.push(key.clone());
        self.storage.put(&key, kind.content_type(), bytes).await
    }

    /// Writes the rows of a store's pictures; gives the store's whole list. On any failure the objects are deleted.
    ///
    /// # Errors
    /// - `no_images`: the upload had no picture.
    /// - `images_exist`: the store has pictures already.
    /// - `too_many_images`: a store has eleven pictures at most.
    /// - Unavailable: a part that is needed does not answer in time; nothing has changed.
    pub async fn finish(&self, upload: Upload, first: bool) -> Result<(StoreId, Vec<Image>)> {
        let store = StoreId::trusted(upload.owner().to_owned());
        let added = self.images.add(&store, upload.stored()?, first, MOST_IMAGES).await;
        let refusal = match added {
            Ok(Added::Images(images)) => return Ok((store, images)),
            Ok(Added::Exist) => error::IMAGES_EXIST.into(),
            Ok(Added::TooMany) => error::TOO_MANY_IMAGES.into(),
            Err(error) => error,
        };
        self.abandon(upload).await;
        Err(refusal)
    }

    /// Deletes what an upload has stored so far.
    pub async fn abandon(&self, upload: Upload) {
        for key in &upload.keys {
            self.delete_object(key).await;
        }
    }

    /// Deletes what no row names any more; the job `delete_orphans` finds what cannot be deleted just now.
    pub(super) async fn delete_object(&self, key: &str) {
        if let Err(error) = self.storage.delete(key).await {
            tracing::error!(key, %error, "an object without a row stays in the bucket; the job delete_orphans removes it");
        }
    }

    /// Deletes the objects that no picture names, of uploads whose process died; gives their number.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn delete_orphans(&self) -> Result<usize> {
        let mut deleted = 0;
        for folder in FOLDERS {
            deleted += self.delete_orphans_in(folder).await?;
        }
        Ok(deleted)
    }

    async fn delete_orphans_in(&self, folder: &str) -> Result<usize> {
        let (mut deleted, mut after) = (0, None);
        loop {
            let page = self.storage.list(folder, after, PAGE).await?;
            let Some(last) = page.last().map(|object| object.key.clone()) else { return Ok(deleted) };
            // Of an upload under way the object is there before its row.
            let old: Vec<_> = page.into_iter().filter(|object| object.age >= ORPHAN_AGE).map(|object| object.key).collect();
            let named: HashSet<_> = self.images.named(&old).await?.into_iter().collect();
            for key in old.iter().filter(|key| !named.contains(*key)) {
                self.storage.delete(key).await?;
                deleted += 1;
            }
            after = Some(last);
        }
    }

    /// Deletes a picture that is not the main one.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `image_not_found`: the store has no such picture.
    /// - `main_image`: the main picture cannot be deleted.
    pub async fn remove(&self, seller: &Email, key: &str) -> Result<()> {
        let store = self.stores.store_id(seller).await?;
        match self.images.remove(&store, key).await? {
            Removed::Removed => {
                self.delete_object(key).await;
                Ok(())
            }
            Removed::IsMain => Err(error::MAIN_IMAGE.into()),
            Removed::NotThere => Err(error::IMAGE_NOT_FOUND.into()),
        }
    }

    /// Makes a picture the main one.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `image_not_found`: the store has no such picture.
    pub async fn set_main(&self, seller: &Email, key: &str) -> Result<Image> {
        let store = self.stores.store_id(seller).await?;
        Ok(self.images.set_main(&store, key).await?.ok_or(error::IMAGE_NOT_FOUND)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shared::{
            Error,
            testing::{Counter, Noon, email},
        },
        stores::ports::{MockObjectStorage, MockStoreImages, MockStores},
    };

    fn service(images: MockStoreImages, storage: MockObjectStorage) -> ImageService {
        let mut stores = MockStores::new();
        stores.expect_id_of_seller().returning(|_| Ok(StoreId::parse("STR_1")));
        let stores = StoreService::new(Arc::new(stores), Arc::new(Noon), Arc::new(Counter::default()));
        ImageService::new(Arc::new(images), Arc::new(storage), Arc::new(stores), Arc::new(Counter::default()))
    }

    fn image(n: i32) -> Image {
        Image { key: n.to_string(), is_main: n == 0, display_order: n }
    }

    fn keys(storage: &mut MockObjectStorage, keys: &'static [&'static str]) {
        storage.expect_delete().times(keys.len()).withf(|key| keys.contains(&key)).returning(|_| Ok(()));
    }

    #[tokio::test]
    async fn rows_that_are_refused_leave_no_object() {
        for added in [Ok(Added::Exist), Ok(Added::TooMany), Err(Error::internal("x"))] {
            let (mut images, mut storage) = (MockStoreImages::new(), MockObjectStorage::new());
            images.expect_list().returning(|_| Ok(vec![]));
            images.expect_add().return_once(move |_, _, _, _| added);
            storage.expect_put().times(2).returning(|_, _, _| Ok(()));
            keys(&mut storage, &["stores/STR_1/0.png", "stores/STR_1/1.webp"]);
            let service = service(images, storage);
            let mut upload = service.begin(&email("s@b"), true).await.unwrap();
            service.add(&mut upload, ImageKind::Png, vec![1]).await.unwrap();
            service.add(&mut upload, ImageKind::Webp, vec![2]).await.unwrap();
            assert!(service.finish(upload, true).await.is_err());
        }
    }

    #[tokio::test]
    async fn an_object_that_fails_half_way_is_deleted_as_well() {
        let (mut images, mut storage) = (MockStoreImages::new(), MockObjectStorage::new());
        images.expect_list().returning(|_| Ok(vec![]));
        storage.expect_put().returning(|_, _, _| Err(Error::unavailable("s3", "x")));
        keys(&mut storage, &["stores/STR_1/0.jpg"]);
        let service = service(images, storage);
        let mut upload = service.begin(&email("s@b"), true).await.unwrap();
        assert!(service.add(&mut upload, ImageKind::Jpeg, vec![1]).await.is_err());
        service.abandon(upload).await;
    }

    #[tokio::test]
    async fn there_is_room_for_eleven() {
        let (mut images, mut storage) = (MockStoreImages::new(), MockObjectStorage::new());
        images.expect_list().returning(|_| Ok((0..10).map(image).collect()));
        storage.expect_put().times(1).returning(|_, _, _| Ok(()));
        let service = service(images, storage);
        assert!(service.begin(&email("s@b"), true).await.unwrap_err().is(&error::IMAGES_EXIST));
        let mut upload = service.begin(&email("s@b"), false).await.unwrap();
        service.add(&mut upload, ImageKind::Jpeg, vec![1]).await.unwrap();
        assert!(service.add(&mut upload, ImageKind::Jpeg, vec![1]).await.unwrap_err().is(&error::TOO_MANY_IMAGES));
    }
}

#[cfg(test)]
mod orphan_tests {
    use super::*;
    use crate::{
        shared::testing::{Counter, Noon},
        stores::{
            model::image::StoredObject,
            ports::{MockObjectStorage, MockStoreImages, MockStores},
        },
    };

    #[tokio::test]
    async fn what_no_picture_names_goes_after_a_day() {
        let (mut images, mut storage) = (MockStoreImages::new(), MockObjectStorage::new());
        let object = |key: &str, age| StoredObject { key: key.to_owned(), age };
        let page = vec![
            object("stores/a/named", ORPHAN_AGE),
            object("stores/a/new", ORPHAN_AGE - Duration::from_secs(1)),
            object("stores/a/old", ORPHAN_AGE),
        ];
        storage
            .expect_list()
            .times(4)
            .returning(move |folder, after, _| Ok(if folder == FOLDER && after.is_none() { page.clone() } else { Vec::new() }));
        images.expect_named().returning(|keys| Ok(keys.iter().filter(|key| key.ends_with("named")).cloned().collect()));
        storage.expect_delete().times(1).withf(|key| key == "stores/a/old").returning(|_| Ok(()));
        let ids: Arc<dyn Ids> = Arc::new(Counter::default());
        let stores = Arc::new(StoreService::new(Arc::new(MockStores::new()), Arc::new(Noon), ids.clone()));
        let service = ImageService::new(Arc::new(images), Arc::new(storage), stores, ids);
        assert_eq!(service.delete_orphans().await.unwrap(), 1);
    }
}
