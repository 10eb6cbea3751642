//! Users.

use super::{NewUser, Role, User};
use crate::control::db::Step;
use crate::control::text::text;
use crate::control::{Control, limits};
use crate::{Result, StoreError};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

/// Columns of [`user_of`], for a table called `u`.
pub(super) const COLUMNS: &str = "u.id, u.name, u.role, u.password, u.disabled, u.created, \
     u.last_login, u.preferences, u.version";
/// Most characters of a name.
const NAME_CHARS: usize = 64;
/// Most bytes of a password in PHC form.
const PASSWORD: usize = 1_024;

impl Control {
    /// All users, by name.
    pub fn users(&self) -> Result<Vec<User>> {
        self.db.read("reading users", |db| {
            let sql = format!("SELECT {COLUMNS} FROM user u ORDER BY u.folded");
            let mut query = db.prepare_cached(&sql)?;
            let rows = query.query_map([], |row| user_of(row, 0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// A user by id.
    pub fn user(&self, id: i64) -> Result<User> {
        self.db.read("reading a user", |db| user_by_id(db, id))
    }

    /// A user by name, whatever the case.
    pub fn user_named(&self, name: &str) -> Result<Option<User>> {
        self.db.read("reading a user", |db| {
            let sql = format!("SELECT {COLUMNS} FROM user u WHERE u.folded = ?1");
            let mut query = db.prepare_cached(&sql)?;
            Ok(query.query_row([folded(name)], |row| user_of(row, 0)).optional()?)
        })
    }

    /// Makes a user; a name that is taken is a conflict. Names have 1 to 64 characters, neither
    /// control characters nor spaces at the ends. At most 1,000 users.
    pub fn add_user(&self, user: &NewUser, now: i64) -> Result<i64> {
        check_name(&user.name)?;
        check_password(&user.password)?;
        self.write_kept("adding a user", |tx| {
            let (taken, count): (bool, i64) = tx.query_row(
                "SELECT EXISTS (SELECT 1 FROM user WHERE folded = ?1), (SELECT count(*) FROM user)",
                [folded(&user.name)],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            if taken {
                return Err(StoreError::Conflict("there is a user with this name").into());
            }
            if count >= limits::USERS {
                let what = format!("there are {count} users; remove some first");
                return Err(self.counters.refuse(what).into());
            }
            tx.execute(
                "INSERT INTO user (name, folded, role, password, created) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![user.name, folded(&user.name), user.role.number(), user.password, now],
            )?;
            Ok(tx.last_insert_rowid())
        })
    }

    /// Changes role or state; ends all sessions of the user, and tokens whose role is above his.
    /// The last admin that can log in can be neither demoted nor disabled nor removed. What is as
    /// it was changes nothing.
    pub fn change_user(&self, id: i64, role: Option<Role>, disabled: Option<bool>) -> Result<()> {
        self.write_kept("changing a user", |tx| {
            let user = user_by_id(tx, id)?;
            let role = role.unwrap_or(user.role);
            let disabled = disabled.unwrap_or(user.disabled);
            if (role, disabled) == (user.role, user.disabled) {
                return Ok(());
            }
            let before = Admins::of(tx)?;
            tx.execute(
                "UPDATE user SET role = ?2, disabled = ?3, version = version + 1 WHERE id = ?1",
                params![id, role.number(), disabled],
            )?;
            before.still_there(tx)?;
            tx.execute("DELETE FROM session WHERE user = ?1", [id])?;
            tx.execute(
                "DELETE FROM token WHERE user = ?1 AND (role > ?2 OR ?3)",
                params![id, role.number(), disabled],
            )?;
            Ok(())
        })
    }

    /// Sets a password (PHC form); ends all sessions of the user but `keep`.
    pub fn set_password(&self, id: i64, password: &str, keep: Option<i64>) -> Result<()> {
        check_password(password)?;
        self.write_kept("setting a password", |tx| {
            let before = Admins::of(tx)?;
            let changed = tx.execute(
                "UPDATE user SET password = ?2, version = version + 1 WHERE id = ?1",
                params![id, password],
            )?;
            found(changed)?;
            before.still_there(tx)?;
            tx.execute("DELETE FROM session WHERE user = ?1 AND id IS NOT ?2", params![id, keep])?;
            Ok(())
        })
    }

    /// Keeps the same password hashed anew, when nobody has changed it since `before` was read.
    /// Sessions stay: it is the same password.
    pub fn renew_hash(&self, id: i64, before: &str, hash: &str) -> Result<()> {
        check_password(hash)?;
        self.write_kept("hashing a password anew", |tx| {
            let sql = "UPDATE user SET password = ?3 WHERE id = ?1 AND password = ?2";
            tx.execute(sql, params![id, before, hash])?;
            Ok(())
        })
    }

    /// Keeps preferences of the console, at most 64 KiB of JSON.
    pub fn set_preferences(&self, id: i64, json: &str) -> Result<()> {
        if json.len() > limits::PREFERENCES {
            let what = format!("preferences have {} bytes, at most 64 KiB fit", json.len());
            return Err(self.counters.refuse(what));
        }
        if !serde_json::from_str::<serde_json::Value>(json).is_ok_and(|v| v.is_object()) {
            return Err(StoreError::Invalid("preferences must be a JSON object".into()));
        }
        self.write_kept("keeping preferences", |tx| {
            let sql = "UPDATE user SET preferences = ?2 WHERE id = ?1";
            found(tx.execute(sql, params![id, json])?)
        })
    }

    /// Removes a user with sessions and tokens.
    pub fn remove_user(&self, id: i64) -> Result<()> {
        self.write_kept("removing a user", |tx| {
            let before = Admins::of(tx)?;
            found(tx.execute("DELETE FROM user WHERE id = ?1", [id])?)?;
            before.still_there(tx)
        })
    }
}

/// Administrators that are not disabled: those with a password, and all.
struct Admins {
    with_password: bool,
    any: bool,
}

impl Admins {
    fn of(tx: &Transaction<'_>) -> rusqlite::Result<Self> {
        tx.query_row(
            "SELECT coalesce(max(password <> ''), 0), count(*) > 0 FROM user
             WHERE role = ?1 AND NOT disabled",
            [Role::Admin.number()],
            |row| Ok(Self { with_password: row.get(0)?, any: row.get(1)? }),
        )
    }

    /// Refuses a change that leaves nobody to log in as administrator where somebody could.
    fn still_there(&self, tx: &Transaction<'_>) -> Step<()> {
        let after = Self::of(tx)?;
        if (self.any && !after.any) || (self.with_password && !after.with_password) {
            let what = "this is the last administrator that can log in; make another one first";
            return Err(StoreError::Invalid(what.into()).into());
        }
        Ok(())
    }
}

/// A user by id, inside a transaction.
pub(super) fn user_by_id(db: &Connection, id: i64) -> Step<User> {
    let sql = format!("SELECT {COLUMNS} FROM user u WHERE u.id = ?1");
    let mut query = db.prepare_cached(&sql)?;
    let user = query.query_row([id], |row| user_of(row, 0)).optional()?;
    Ok(user.ok_or(StoreError::Missing("user"))?)
}

/// A user of a row whose columns begin at `at`.
pub(super) fn user_of(row: &Row<'_>, at: usize) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(at)?,
        name: text(row, at + 1)?,
        role: Role::of_number(row.get(at + 2)?),
        password: text(row, at + 3)?,
        disabled: row.get(at + 4)?,
        created: row.get(at + 5)?,
        last_login: row.get(at + 6)?,
        preferences: text(row, at + 7)?,
        version: row.get(at + 8)?,
    })
}

/// Refuses to have changed nothing.
pub(super) fn found(changed: usize) -> Step<()> {
    if changed == 0 {
        return Err(StoreError::Missing("user").into());
    }
    Ok(())
}

/// Names are the same whatever their case.
fn folded(name: &str) -> String {
    name.to_lowercase()
}

fn check_name(name: &str) -> Result<()> {
    let chars = name.chars().count();
    if chars == 0 || chars > NAME_CHARS {
        return Err(StoreError::Invalid(format!("a user's name has 1 to {NAME_CHARS} characters")));
    }
    if name.trim() != name || name.chars().any(char::is_control) {
        let what = "a user's name has no control characters and no spaces at its ends";
        return Err(StoreError::Invalid(what.into()));
    }
    Ok(())
}

fn check_password(phc: &str) -> Result<()> {
    // Whoever passes a password itself learns it here, before it is on the disk.
    if phc.is_empty() || (phc.starts_with('$') && phc.len() <= PASSWORD) {
        return Ok(());
    }
    Err(StoreError::Invalid("a password is kept in PHC form (`$argon2id$...`) only".into()))
}
