//! Where everything is kept. The only SQL of the product.
//!
//! Three stores of different worth: the control store (`control.db`: users, alerts, settings,
//! audit; synced at every commit), the series (`series.db`: traffic rolled up by second, minute and
//! hour) and the history (`history/SOURCE/flows/2026-11-21T13.db`: flow records, a file per hour).
//! A damaged file of one costs nothing of the others. Calls block; call them on threads that may.

mod clock;
pub mod control;
mod damage;
mod error;
pub mod filter;
pub mod history;
mod moment;
mod packed;
mod room;
pub mod series;
mod time;

pub use control::Control;
pub use error::{Result, StoreError};
pub use filter::Filter;
pub use history::History;
pub use moment::moment;
pub use series::SeriesStore;
pub use time::Range;

use error::io;
use room::Room;
use std::fs::{File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Identity of a source: a sensor, an uploaded capture, the demonstration. 1 is the sensor itself.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct SourceId(pub i64);

impl SourceId {
    /// What this sensor itself sees.
    pub const SENSOR: Self = Self(1);
}

/// How the store keeps things. Defaults are those of a small network.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Days that flow records are kept, counted back from their source's latest time. Default 30.
    pub history_days: u32,
    /// Most bytes of flow records of all sources; the oldest files go first. Default 10 GiB.
    pub history_bytes: u64,
    /// Free bytes of the disk below which nothing is written any more. Default 256 MiB.
    pub free_bytes_min: u64,
    /// Days that closed alerts and the audit trail are kept. Default 365.
    pub alert_days: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            history_days: 30,
            history_bytes: 10 << 30,
            free_bytes_min: 256 << 20,
            alert_days: 365,
        }
    }
}

/// The state of the store, for health and read-outs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// Why nothing can be written now, in words; `None` when all is well.
    pub storage_full: Option<String>,
    /// Damaged files that were set aside since the start, with what was wrong.
    pub set_aside: Vec<String>,
    /// Free bytes of the disk.
    pub free_bytes: u64,
    /// Bytes of control store, series, history, evidence.
    pub bytes: [u64; 4],
    /// Flow records that could not be written since the start.
    pub flows_dropped: u64,
}

/// All stores of one data directory. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    room: Arc<Room>,
    /// Held as long as the store is open; `None` when it is opened for reading only.
    _lock: Option<File>,
    control: Control,
    series: SeriesStore,
    history: History,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dir", &self.inner.dir).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the stores of a directory, makes what is missing, migrates what is older, sets aside
    /// what is damaged. One process at a time: a second one is refused.
    pub fn open(dir: &Path, options: &Options) -> Result<Self> {
        make_dir(dir)?;
        let lock = take(dir)?;
        let room = Arc::new(Room::new(dir, options));
        if let Err(error) = room.keep_reserve() {
            tracing::warn!(%error, "no reserve is kept on the disk");
        }
        let control = Control::open(dir, Arc::clone(&room))?;
        let series = SeriesStore::open(dir, Arc::clone(&room))?;
        let history = History::open(dir, options, Arc::clone(&room))?;
        let (dir, _lock) = (dir.to_owned(), Some(lock));
        Ok(Self { inner: Arc::new(Inner { dir, room, _lock, control, series, history }) })
    }

    /// Opens the control store to write while a service may run, the others to read: what the
    /// command line changes of users and tokens holds for the service at once.
    pub fn open_beside(dir: &Path) -> Result<Self> {
        let options = Options::default();
        let room = Arc::new(Room::new(dir, &options));
        let control = Control::open_beside(dir, Arc::clone(&room))?;
        let series = SeriesStore::open_read_only(dir, Arc::clone(&room));
        let history = History::open_read_only(dir, &options, Arc::clone(&room))?;
        let dir = dir.to_owned();
        Ok(Self { inner: Arc::new(Inner { dir, room, _lock: None, control, series, history }) })
    }

    /// Opens the stores for queries only, also while a service writes them: takes no lock, makes
    /// and migrates nothing. A store of another version is refused.
    pub fn open_read_only(dir: &Path) -> Result<Self> {
        let options = Options::default();
        let room = Arc::new(Room::new(dir, &options));
        let control = Control::open_read_only(dir, Arc::clone(&room))?;
        let series = SeriesStore::open_read_only(dir, Arc::clone(&room));
        let history = History::open_read_only(dir, &options, Arc::clone(&room))?;
        let dir = dir.to_owned();
        Ok(Self { inner: Arc::new(Inner { dir, room, _lock: None, control, series, history }) })
    }

    /// The state of the disk and of the files.
    pub fn health(&self) -> Health {
        let inner = &self.inner;
        let mut set_aside = inner.control.set_aside().to_vec();
        set_aside.extend(inner.series.set_aside());
        set_aside.extend(inner.history.set_aside());
        Health {
            storage_full: inner.room.problem().or_else(|| inner.history.storage_full()),
            set_aside,
            free_bytes: inner.room.free(),
            bytes: [inner.control.bytes(), inner.series.bytes(), inner.history.bytes(), 0],
            flows_dropped: inner.history.dropped(),
        }
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Users, alerts, devices, settings, audit.
    pub fn control(&self) -> &Control {
        &self.inner.control
    }

    /// Traffic over time.
    pub fn series(&self) -> &SeriesStore {
        &self.inner.series
    }

    /// Flow records.
    pub fn history(&self) -> &History {
        &self.inner.history
    }
}

/// Makes the directory, for nobody else to look into.
fn make_dir(dir: &Path) -> Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io(dir))
}

/// Takes the lock of a directory; it ends with the process, however that ends.
fn take(dir: &Path) -> Result<File> {
    let path = dir.join("lock");
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(StoreError::Io { path, source }),
    }
}
