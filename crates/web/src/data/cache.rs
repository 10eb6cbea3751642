//! Answers that many browsers ask for at the same time, made once a second.

use crate::clock;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most answers kept; then the table begins anew.
const ENTRIES_MAX: usize = 64;

type Slot<V> = Arc<Mutex<Option<(Instant, V)>>>;

/// Values by key, each as old as `fresh` at most. Who comes while one is being made waits for it.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    fresh: Duration,
    slots: Mutex<HashMap<K, Slot<V>>>,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// Without values.
    pub(crate) fn new(fresh: Duration) -> Self {
        Self { fresh, slots: Mutex::default() }
    }

    /// The value, made anew when it is too old. An error is not kept.
    pub(crate) fn get<E>(&self, key: K, make: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            if slots.len() >= ENTRIES_MAX && !slots.contains_key(&key) {
                slots.clear();
            }
            Arc::clone(slots.entry(key).or_default())
        };
        let mut value = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, value)) = value.as_ref()
            && clock::instant().saturating_duration_since(*made) < self.fresh
        {
            return Ok(value.clone());
        }
        let fresh = make()?;
        *value = Some((clock::instant(), fresh.clone()));
        Ok(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_while_it_is_fresh() {
        let cache = Cache::new(Duration::from_hours(1));
        assert_eq!(cache.get(1, || Err("no")), Err("no"));
        assert_eq!(cache.get(1, || Ok::<_, &str>(7)), Ok(7));
        assert_eq!(cache.get(1, || Ok::<_, &str>(8)), Ok(7));
        assert_eq!(cache.get(2, || Ok::<_, &str>(8)), Ok(8));
        for key in 3..1_000 {
            assert_eq!(cache.get(key, || Ok::<_, &str>(key)), Ok(key));
        }
        assert!(cache.slots.lock().unwrap().len() <= ENTRIES_MAX);
        let stale = Cache::new(Duration::ZERO);
        assert_eq!(
            (stale.get(1, || Ok::<_, ()>(1)), stale.get(1, || Ok::<_, ()>(2))),
            (Ok(1), Ok(2))
        );
    }
}
