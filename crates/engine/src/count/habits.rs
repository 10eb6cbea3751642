//! What many things usually do: by hour of the week where it is worth the memory, else in all.

use super::baseline::{Baseline, Expected};
use super::{HourOfWeek, Table};
use anomalyzer_wire::Timestamp;
use serde_json::{Value, json};
use std::hash::Hash;

/// Most things with a baseline for each hour of the week: 2 kB each.
pub const WEEKLY_MAX: usize = 1_024;

/// Baselines of things by their key, in a table of fixed size.
#[derive(Clone, Debug)]
pub struct Habits<K> {
    table: Table<K, Habit>,
    weekly: usize,
}

#[derive(Clone, Debug, Default)]
struct Habit {
    all: Baseline,
    week: Option<HourOfWeek>,
}

impl<K: Copy + Eq + Hash> Habits<K> {
    /// Room for `capacity` things; `seed` keys the hash.
    pub fn new(capacity: usize, seed: u64) -> Self {
        let keep = |habit: &Habit| habit.all.expect().is_some();
        Self { table: Table::new(capacity, seed, keep), weekly: 0 }
    }

    /// Things with a baseline.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// True when nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Things that made room for others.
    pub fn evictions(&self) -> u64 {
        self.table.evictions()
    }

    /// True when something was learned of a thing.
    pub fn knows(&self, key: &K) -> bool {
        self.table.get(key).is_some()
    }

    /// What is expected of a thing at a time; `None` while too little is known of it.
    pub fn expect(&self, key: &K, time: Timestamp) -> Option<Expected> {
        let habit = self.table.get(key)?;
        let by_hour = habit.week.as_ref().and_then(|week| week.expect(time));
        by_hour.or_else(|| habit.all.expect())
    }

    /// Takes the value of the hour that `time` lies in. `weekly` things are known by the hour of
    /// the week after a day, as long as there is room: what is made up to fill the table does not
    /// live that long.
    pub fn learn(&mut self, key: K, weekly: bool, time: Timestamp, value: f64) {
        let room = self.weekly < WEEKLY_MAX;
        let (habit, evicted) = self.table.entry(key, Habit::default);
        let Some(habit) = habit else { return };
        habit.all.learn(value);
        let gone = evicted.is_some_and(|(_, habit)| habit.week.is_some());
        if weekly && habit.week.is_none() && habit.all.expect().is_some() && room {
            habit.week = Some(HourOfWeek::default());
            self.weekly += 1;
        }
        self.weekly -= usize::from(gone);
        if let Some(week) = &mut habit.week {
            week.learn(time, value);
        }
    }

    /// As rows of key, numbers and, where there is one, the week; in the table's order.
    pub fn save(&self, name: impl Fn(&K) -> String) -> Value {
        let rows = self.table.iter().map(|(key, habit)| match &habit.week {
            Some(week) => json!([name(key), habit.all.save(), week.save()]),
            None => json!([name(key), habit.all.save()]),
        });
        Value::Array(rows.collect())
    }

    /// From [`Habits::save`]; an error when it is not that. Rows beyond the capacity are left out.
    pub fn restore(
        &mut self,
        saved: &Value,
        parse: impl Fn(&str) -> Option<K>,
    ) -> Result<(), String> {
        let rows = saved.as_array().ok_or("its baselines are no list")?;
        for row in rows.iter().take(self.table.capacity()) {
            let (key, habit) = row
                .as_array()
                .and_then(|row| read(row, &parse))
                .ok_or_else(|| "one of its baselines is damaged".to_owned())?;
            let week = habit.week.is_some();
            if week && self.weekly >= WEEKLY_MAX {
                return Err("it has too many baselines by the hour".to_owned());
            }
            let (place, _) = self.table.entry(key, Habit::default);
            if let Some(place) = place {
                self.weekly += usize::from(week);
                self.weekly -= usize::from(place.week.is_some());
                *place = habit;
            }
        }
        Ok(())
    }
}

fn read<K>(row: &[Value], parse: impl Fn(&str) -> Option<K>) -> Option<(K, Habit)> {
    let (key, all, week) = match row {
        [key, all] => (key, all, None),
        [key, all, week] => (key, all, Some(HourOfWeek::restore(week.as_str()?)?)),
        _ => return None,
    };
    Some((parse(key.as_str()?)?, Habit { all: Baseline::restore(all)?, week }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_secs_nanos(hour * 3_600, 0)
    }

    fn number(text: &str) -> Option<u32> {
        text.parse().ok()
    }

    #[test]
    fn a_thing_is_known_by_its_mean_first_and_by_the_hour_later() {
        let mut habits = Habits::new(100, 1);
        let value = |hour: i64| if hour % 24 < 12 { 1_000.0 } else { 1_000_000.0 };
        for hour in 0..200 {
            habits.learn(1_u32, true, at(hour), value(hour));
            habits.learn(2_u32, false, at(hour), value(hour));
        }
        let limit = |key: u32, hour| habits.expect(&key, at(hour)).unwrap().limit(3.0);
        assert!(limit(1, 198) < 10_000.0, "{}", limit(1, 198));
        assert!(limit(1, 206) > 1_000_000.0);
        assert!(limit(2, 198) > 1_000_000.0, "without the hour both are usual");
        assert_eq!(habits.expect(&3, at(0)), None);
    }

    #[test]
    fn no_more_weeks_and_things_than_allowed() {
        let mut habits = Habits::new(3_000, 1);
        for key in 0..5_000_u32 {
            for hour in 0..30 {
                habits.learn(key, true, at(hour), 5.0);
            }
            assert!(habits.weekly <= WEEKLY_MAX);
        }
        let weeks = habits.table.iter().filter(|(_, h)| h.week.is_some()).count();
        assert_eq!((habits.len(), habits.weekly), (3_000, weeks));
        assert!(habits.evictions() == 2_000);
        let bytes = habits.save(ToString::to_string).to_string().len();
        assert!(bytes < 2_000_000, "{bytes}");
    }

    #[test]
    fn what_is_saved_is_restored_and_nothing_else() {
        let mut habits = Habits::new(100, 1);
        for key in 0..50_u32 {
            for hour in 0..i64::from(key) {
                habits.learn(key, key % 2 == 0, at(hour), f64::from(key));
            }
        }
        let saved = habits.save(ToString::to_string);
        let mut restored = Habits::new(100, 9);
        restored.restore(&saved, number).unwrap();
        assert_eq!(restored.save(ToString::to_string), saved);
        assert_eq!(restored.weekly, habits.weekly);
        // A smaller table takes what it has room for.
        let mut small = Habits::new(10, 9);
        small.restore(&saved, number).unwrap();
        assert_eq!(small.len(), 10);
        for bad in
            ["{}", "[1]", "[[\"x\",[0,0,0,1]]]", "[[\"1\",[0,0,0]]]", "[[\"1\",[0,0,0,1],7]]"]
        {
            let bad = serde_json::from_str(bad).unwrap();
            assert!(Habits::new(10, 9).restore(&bad, number).is_err(), "{bad}");
        }
    }
}
