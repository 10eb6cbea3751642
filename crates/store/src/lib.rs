//! Where everything is kept. The only SQL of the product.
//!
//! Three stores of different worth: the control store (`control.db`: users, alerts, settings,
//! audit; synced at every commit), the series (`series.db`: traffic rolled up by second, minute and
//! hour) and the history (`history/SOURCE/flows/2026-11-21T13.db`: flow records, a file per hour).
//! A damaged file of one costs nothing of the others. Calls block; call them on threads that may.

mod clock;
pub mod control;
mod damage;
mod deadline;
mod error;
pub mod filter;
pub mod history;
mod moment;
mod packed;
mod room;
pub mod series;
mod time;
mod upkeep;
mod verify;

pub use control::Control;
pub use deadline::within;
pub use error::{Result, StoreError};
pub use filter::Filter;
pub use history::History;
pub use moment::moment;
pub use series::SeriesStore;
pub use time::Range;
pub use upkeep::Retained;
pub use verify::{FileReport, Verification};

use error::io;
use room::Room;
use std::fs::{File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Seconds for which the bytes of the stores are taken as they were.
const SIZES_S: i64 = 15;

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
    /// Free bytes of the disk below which flows and series are not written any more; alerts, devices
    /// and lists go on down to an eighth of it, log-ins, states and audit as long as there is any
    /// room. Of a small disk at most a twentieth is kept free. Default 256 MiB.
    pub free_bytes_min: u64,
    /// Days that closed alerts and the audit trail are kept. Default 365.
    pub alert_days: u32,
    /// Most bytes of evidence (packets of alerts) of all sources; the oldest files go first.
    /// Default 256 MiB.
    pub evidence_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            history_days: 30,
            history_bytes: 10 << 30,
            free_bytes_min: 256 << 20,
            alert_days: 365,
            evidence_bytes: 256 << 20,
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
    options: RwLock<Options>,
    /// When the bytes of each store were looked at (wall clock, seconds), and how many they were.
    sizes: Mutex<Option<(i64, [u64; 4])>>,
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
        if let Err(error) = room.prepare() {
            tracing::warn!(%error, "no reserve is kept on the disk");
        }
        let control = Control::open(dir, Arc::clone(&room))?;
        control::make_private(&dir.join("series.db"))?;
        let series = SeriesStore::open(dir, Arc::clone(&room))?;
        let history = History::open(dir, options, Arc::clone(&room))?;
        Ok(Self::with(dir, options, room, Some(lock), (control, series, history)))
    }

    /// Opens the control store to write while a service may run, the others to read: what the
    /// command line changes of users and tokens holds for the service at once.
    pub fn open_beside(dir: &Path) -> Result<Self> {
        let options = Options::default();
        let room = Arc::new(Room::new(dir, &options));
        let control = Control::open_beside(dir, Arc::clone(&room))?;
        let series = SeriesStore::open_read_only(dir, Arc::clone(&room));
        let history = History::open_read_only(dir, &options, Arc::clone(&room))?;
        Ok(Self::with(dir, &options, room, None, (control, series, history)))
    }

    /// Opens the stores for queries only, also while a service writes them: takes no lock, makes
    /// and migrates nothing. A store of another version is refused.
    pub fn open_read_only(dir: &Path) -> Result<Self> {
        let options = Options::default();
        let room = Arc::new(Room::new(dir, &options));
        let control = Control::open_read_only(dir, Arc::clone(&room))?;
        let series = SeriesStore::open_read_only(dir, Arc::clone(&room));
        let history = History::open_read_only(dir, &options, Arc::clone(&room))?;
        Ok(Self::with(dir, &options, room, None, (control, series, history)))
    }

    fn with(
        dir: &Path,
        options: &Options,
        room: Arc<Room>,
        lock: Option<File>,
        (control, series, history): (Control, SeriesStore, History),
    ) -> Self {
        let inner = Inner {
            dir: dir.to_owned(),
            room,
            options: RwLock::new(options.clone()),
            sizes: Mutex::default(),
            _lock: lock,
            control,
            series,
            history,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Puts a backup ([`Control::backup_to`]) in the place of the control store of a directory that
    /// no service has open; the backup itself stays. It must be a whole file of this version of the
    /// program or of an earlier one, with exactly our tables; nothing in it is executed. All
    /// sessions end. The old file is kept beside: its path is the answer.
    pub fn restore(dir: &Path, backup: &Path) -> Result<Option<PathBuf>> {
        make_dir(dir)?;
        let _lock = take(dir)?;
        control::restore(dir, backup)
    }

    /// Takes other limits of age, size and free space; they hold from the next look on.
    pub fn configure(&self, options: &Options) {
        self.inner.room.configure(options);
        self.inner.history.configure(options);
        *self.inner.options.write().unwrap_or_else(PoisonError::into_inner) = options.clone();
    }

    /// The state of the disk and of the files. Bytes are looked at every 15 seconds at most.
    pub fn health(&self) -> Health {
        let inner = &self.inner;
        let mut set_aside = inner.control.set_aside().to_vec();
        set_aside.extend(inner.series.set_aside());
        set_aside.extend(inner.history.set_aside());
        Health {
            storage_full: inner.room.problem().or_else(|| inner.history.storage_full()),
            set_aside,
            free_bytes: inner.room.free(),
            bytes: self.sizes(),
            flows_dropped: inner.history.dropped(),
        }
    }

    /// What was turned away or thrown out since the start, by name.
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        self.inner.control.counters()
    }

    fn sizes(&self) -> [u64; 4] {
        let now = clock::now();
        let mut sizes = control::lock(&self.inner.sizes);
        if let Some((at, sizes)) = *sizes
            && (at..at + SIZES_S).contains(&now)
        {
            return sizes;
        }
        let inner = &self.inner;
        let evidence = upkeep::bytes_below(&inner.dir.join("evidence"));
        let (series, history) = (inner.series.bytes(), inner.history.bytes());
        let found = [inner.control.bytes(), series, history, evidence];
        *sizes = Some((now, found));
        found
    }

    fn options(&self) -> Options {
        self.inner.options.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn room(&self) -> &Room {
        &self.inner.room
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
