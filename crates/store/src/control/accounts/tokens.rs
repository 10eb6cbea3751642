//! API tokens.

use super::sessions::{NOTE_EVERY, PEER};
use super::users::{self, user_by_id, user_of};
use super::{NewToken, Role, Token, User};
use crate::control::text::{text, text_or_none};
use crate::control::{Control, limits};
use crate::{Result, StoreError};
use rusqlite::{OptionalExtension, Row, params};

const COLUMNS: &str = "t.id, t.user, t.name, t.prefix, t.role, t.created, t.expires, t.used_at, \
     t.used_from";
const NAME: usize = 200;
const PREFIX: usize = 32;

impl Control {
    /// Makes a token. Its role is not above its user's; at most 100 of a user.
    pub fn add_token(&self, token: &NewToken, now: i64) -> Result<i64> {
        if token.name.len() > NAME || token.prefix.len() > PREFIX {
            let what = format!("a token's name has at most {NAME} bytes, its prefix {PREFIX}");
            return Err(StoreError::Invalid(what));
        }
        if token.expires <= now {
            return Err(StoreError::Invalid("a token must end in the future".into()));
        }
        self.write_kept("adding a token", |tx| {
            let user = user_by_id(tx, token.user)?;
            if token.role > user.role {
                let what =
                    format!("the role of a token is at most its user's: {}", user.role.name());
                return Err(StoreError::Invalid(what).into());
            }
            let sql = "DELETE FROM token WHERE user = ?1 AND expires <= ?2";
            tx.execute(sql, [token.user, now])?;
            let sql = "SELECT count(*) FROM token WHERE user = ?1";
            let count: i64 = tx.query_row(sql, [token.user], |row| row.get(0))?;
            if count >= limits::TOKENS {
                let what = format!("this user has {count} tokens; remove some first");
                return Err(self.counters.refuse(what).into());
            }
            tx.execute(
                "INSERT INTO token (hash, user, name, prefix, role, created, expires)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    token.hash,
                    token.user,
                    token.name,
                    token.prefix,
                    token.role.number(),
                    now,
                    token.expires
                ],
            )?;
            Ok(tx.last_insert_rowid())
        })
    }

    /// The token and user of a token's hash, if valid (not ended, its user not disabled); its role
    /// is cut to its user's. Notes its use, at most once a minute; on a full disk it goes unnoted.
    pub fn token(&self, hash: &[u8; 32], now: i64, peer: &str) -> Result<Option<(Token, User)>> {
        let found = self.db.read("looking a token up", |db| {
            let sql = format!(
                "SELECT {COLUMNS}, {} FROM token t JOIN user u ON u.id = t.user
                 WHERE t.hash = ?1 AND NOT u.disabled AND t.expires > ?2",
                users::COLUMNS
            );
            let mut query = db.prepare_cached(&sql)?;
            let both = |row: &Row<'_>| Ok((token_of(row)?, user_of(row, 9)?));
            Ok(query.query_row(params![hash, now], both).optional()?)
        })?;
        let Some((mut token, user)) = found else { return Ok(None) };
        token.role = token.role.min(user.role);
        let due = token.used.as_ref().is_none_or(|(at, _)| now - at >= NOTE_EVERY);
        if due {
            let peer = self.counters.cut(peer, PEER);
            let noted = self.db.write_small("noting a token", |tx| {
                let sql = "UPDATE token SET used_at = ?2, used_from = ?3 WHERE id = ?1";
                tx.execute(sql, params![token.id, now, peer])?;
                Ok(())
            });
            match noted {
                Ok(()) => token.used = Some((now, peer.to_owned())),
                Err(StoreError::Full(_) | StoreError::Invalid(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some((token, user)))
    }

    /// Tokens of a user, or of all, latest first.
    pub fn tokens(&self, user: Option<i64>) -> Result<Vec<Token>> {
        self.db.read("reading tokens", |db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM token t WHERE ?1 IS NULL OR t.user = ?1 ORDER BY t.id DESC"
            );
            let mut query = db.prepare_cached(&sql)?;
            let rows = query.query_map([user], token_of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Ends a token.
    pub fn remove_token(&self, id: i64) -> Result<()> {
        self.write_kept("removing a token", |tx| {
            if tx.execute("DELETE FROM token WHERE id = ?1", [id])? == 0 {
                return Err(StoreError::Missing("token").into());
            }
            Ok(())
        })
    }
}

fn token_of(row: &Row<'_>) -> rusqlite::Result<Token> {
    let at: Option<i64> = row.get(7)?;
    let from = text_or_none(row, 8)?;
    Ok(Token {
        id: row.get(0)?,
        user: row.get(1)?,
        name: text(row, 2)?,
        prefix: text(row, 3)?,
        role: Role::of_number(row.get(4)?),
        created: row.get(5)?,
        expires: row.get(6)?,
        used: at.map(|at| (at, from.unwrap_or_default())),
    })
}
