//! Connections to `control.db`: one that writes behind a mutex, a few that read beside it.
//!
//! In WAL mode readers see the last commit and wait for nobody; the mutex orders the writers of
//! this process, and the lock of the directory keeps other processes away. So SQLite itself never
//! has to say that it is busy.

use crate::error::sql;
use crate::room::Room;
use crate::{Result, StoreError};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most connections that read at once; further readers wait for one of them.
const READERS_MAX: usize = 8;
/// What another process (a query on the command line) may make us wait at most.
const BUSY: Duration = Duration::from_secs(10);
/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 128;

/// What stops a transaction: SQLite, or our own refusal.
#[derive(Debug)]
pub(crate) enum Fault {
    /// SQLite says no.
    Sql(rusqlite::Error),
    /// We say no.
    Store(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Fault {
    /// The error for the caller: with what was attempted.
    pub(crate) fn named(self, what: &'static str) -> StoreError {
        match self {
            Self::Sql(source) => sql(what)(source),
            Self::Store(error) => error,
        }
    }
}

/// A result inside a transaction.
pub(crate) type Step<T> = std::result::Result<T, Fault>;

/// The connections.
pub(crate) struct Db {
    path: PathBuf,
    room: Arc<Room>,
    pool: Mutex<Pool>,
    /// `None`: opened for reading only. Closed behind the readers: who closes last puts the log
    /// into the file, which a reader cannot.
    writer: Option<Mutex<Connection>>,
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Connection>,
    /// Connections in use and idle.
    made: usize,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A reading connection on loan.
struct Loan<'a> {
    db: &'a Db,
    connection: Option<Connection>,
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        let mut pool = lock(&self.db.pool);
        match self.connection.take() {
            Some(connection) => pool.idle.push(connection),
            None => pool.made = pool.made.saturating_sub(1),
        }
        self.db.returned.notify_one();
    }
}

impl Db {
    /// Around a connection that writes.
    pub(crate) fn new(path: &Path, writer: Connection, room: Arc<Room>) -> Self {
        let pool = Mutex::default();
        let writer = Some(Mutex::new(writer));
        Self { path: path.to_owned(), room, writer, pool, returned: Condvar::new() }
    }

    /// For reading only.
    pub(crate) fn read_only(path: &Path, room: Arc<Room>) -> Self {
        let pool = Mutex::default();
        Self { path: path.to_owned(), room, writer: None, pool, returned: Condvar::new() }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `f` on one consistent state of the store.
    pub(crate) fn read<T>(
        &self,
        what: &'static str,
        f: impl FnOnce(&Connection) -> Step<T>,
    ) -> Result<T> {
        let loan = self.borrow(what)?;
        let Some(connection) = &loan.connection else {
            return Err(StoreError::Limit("no connection to the store is left".into()));
        };
        let tx = connection.unchecked_transaction().map_err(sql(what))?;
        let answer = f(&tx).map_err(|e| e.named(what));
        // Nothing was written: how the transaction ends does not matter.
        drop(tx);
        answer
    }

    /// Runs `f` in a transaction that is on the disk when this returns. Refused when the disk is
    /// nearly full: what can be much must leave room for what is small and precious.
    pub(crate) fn write<T>(
        &self,
        what: &'static str,
        f: impl FnOnce(&Transaction<'_>) -> Step<T>,
    ) -> Result<T> {
        self.room.for_control()?;
        self.write_small(what, f)
    }

    /// The same for the few bytes of a log-in, a state or an audit entry: tried however full the
    /// disk is, into the reserve if need be.
    pub(crate) fn write_small<T>(
        &self,
        what: &'static str,
        f: impl FnOnce(&Transaction<'_>) -> Step<T>,
    ) -> Result<T> {
        let mut writer = self.writer()?;
        let tx = writer
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|e| self.failed(sql(what)(e)))?;
        let answer = f(&tx).map_err(|e| self.failed(e.named(what)))?;
        tx.commit().map_err(|e| self.failed(sql(what)(e)))?;
        self.room.wrote();
        Ok(answer)
    }

    /// The writing connection outside of a transaction: for checkpoints.
    pub(crate) fn writer(&self) -> Result<MutexGuard<'_, Connection>> {
        let read_only = || StoreError::Invalid("the store was opened for reading only".into());
        Ok(lock(self.writer.as_ref().ok_or_else(read_only)?))
    }

    /// Notes a full disk; the error goes on to the caller.
    fn failed(&self, error: StoreError) -> StoreError {
        if let StoreError::Full(what) = &error {
            self.room.ran_out(what);
        }
        error
    }

    fn borrow(&self, what: &'static str) -> Result<Loan<'_>> {
        let mut pool = lock(&self.pool);
        loop {
            if let Some(connection) = pool.idle.pop() {
                return Ok(Loan { db: self, connection: Some(connection) });
            }
            if pool.made < READERS_MAX {
                pool.made += 1;
                drop(pool);
                // From here on the loan gives the place back, whatever happens.
                let mut loan = Loan { db: self, connection: None };
                loan.connection = Some(open_reader(&self.path, what)?);
                return Ok(loan);
            }
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A lock that outlives a panic: what a transaction left half done is rolled back anyway.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens the file to write, in WAL mode, synced at every commit.
pub(crate) fn open_writer(path: &Path) -> Result<Connection> {
    const WHAT: &str = "opening the control store";
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(sql(WHAT))?;
    harden(&db).map_err(sql(WHAT))?;
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).map_err(sql(WHAT))?;
    db.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192;
         PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY;",
    )
    .map_err(sql(WHAT))?;
    Ok(db)
}

/// Opens the file to read.
pub(crate) fn open_reader(path: &Path, what: &'static str) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(sql(what))?;
    harden(&db).map_err(sql(what))?;
    db.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY;").map_err(sql(what))?;
    Ok(db)
}

/// What every connection has: a file can hold triggers and views, none of which is trusted.
fn harden(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    db.execute_batch("PRAGMA cell_size_check = ON;")
}
