//! Files of records that were sent in, until they are removed, or replaced by newer ones, or the
//! program ends.

use super::preview::Preview;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most bytes of a file.
pub(crate) const UPLOAD_MAX: u64 = 256 << 20;
/// Files that are kept; the oldest goes.
const FILES_MAX: usize = 8;

/// A file.
#[derive(Debug)]
pub(crate) struct Upload {
    /// Names it.
    pub(crate) id: String,
    /// What the client calls it, for showing.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its length.
    pub(crate) bytes: u64,
    /// What it looks like.
    pub(crate) preview: Preview,
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "an upload stays behind");
        }
    }
}

/// All files. One that is being trained on stays until that is over.
#[derive(Debug)]
pub(crate) struct Uploads {
    folder: PathBuf,
    files: Mutex<VecDeque<Arc<Upload>>>,
}

impl Uploads {
    /// In this folder. What an earlier run left there is removed.
    pub(super) fn new(folder: &Path) -> Self {
        let folder = folder.join("uploads");
        if let Err(error) = std::fs::remove_dir_all(&folder)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(path = %folder.display(), %error, "earlier uploads stay behind");
        }
        Self { folder, files: Mutex::default() }
    }

    /// Where files go.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes a file in.
    pub(crate) fn add(&self, upload: Upload) -> Arc<Upload> {
        let upload = Arc::new(upload);
        let mut files = self.lock();
        files.push_back(Arc::clone(&upload));
        while files.len() > FILES_MAX {
            files.pop_front();
        }
        upload
    }

    /// A file by id.
    pub(crate) fn get(&self, id: &str) -> Option<Arc<Upload>> {
        self.lock().iter().find(|upload| upload.id == id).cloned()
    }

    /// Removes a file; false when there is none.
    pub(crate) fn remove(&self, id: &str) -> bool {
        let mut files = self.lock();
        let before = files.len();
        files.retain(|upload| upload.id != id);
        files.len() < before
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Upload>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
