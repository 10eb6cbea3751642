//! Many at once: readers never wait for the writer, and nobody hears that the store is busy.

use crate::{Random, SENSOR, alert, audit, every_alert, fill, open};
use anomalyzer_store::Store;
use anomalyzer_store::control::AlertQuery;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// Runs something and says how long this thread was at work: other tests run beside.
fn on_cpu<T>(f: impl FnOnce() -> T) -> (T, Duration) {
    let worked = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
    };
    let before = worked();
    let answer = f();
    (answer, worked().saturating_sub(before))
}

/// How long it goes on.
const WHILE: Duration = Duration::from_secs(3);

#[test]
fn a_busy_writer_and_twenty_readers_do_not_disturb_each_other() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    fill(store.control());
    let beside = Store::open_read_only(dir.path()).unwrap();
    let (stop, reads, writes) = (AtomicBool::new(false), AtomicI64::new(0), AtomicI64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let batch: Vec<_> = (0..50).map(|k| alert(n * 7 + k)).collect();
                let batch: Vec<_> = batch
                    .into_iter()
                    .map(|mut a| {
                        a.count = 10 + n.cast_unsigned();
                        a
                    })
                    .collect();
                assert_eq!(store.control().put_alerts(SENSOR, &batch).unwrap().len(), 50);
                store.control().audit(&audit(n)).unwrap();
                if n % 20 == 0 {
                    store.retain(1_000).unwrap();
                }
                writes.fetch_add(1, Ordering::Relaxed);
            }
        });
        for n in 0..20_u64 {
            let (store, beside, stop, reads) = (&store, &beside, &stop, &reads);
            scope.spawn(move || {
                let mut random = Random(n);
                // Some in another process, as far as SQLite can tell.
                let c = if n % 5 == 0 { beside.control() } else { store.control() };
                while !stop.load(Ordering::Relaxed) {
                    let text = (n % 4 == 0).then(|| "scan expected".to_owned());
                    let page = c.alerts(&AlertQuery { limit: 50, text, ..every_alert() }).unwrap();
                    assert!(page.total >= 300);
                    let id = format!("a{}", random.below(300));
                    c.alert(SENSOR, &id).unwrap();
                    c.session(&[1; 32], 2, 1_000, 1_000).unwrap();
                    c.open_alerts(SENSOR).unwrap();
                    c.audit_entries(None, None, 20).unwrap();
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(WHILE);
        stop.store(true, Ordering::Relaxed);
    });
    let (reads, writes) = (reads.into_inner(), writes.into_inner());
    println!("{writes} writes of 50 alerts beside {reads} readings");
    assert!(writes > 10 && reads > 20, "{writes} writes, {reads} reads");
    assert!(store.control().verify_audit().unwrap().is_ok());
}

#[test]
fn ten_thousand_changed_alerts_are_one_quick_transaction() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let c = store.control();
    crate::sensor(c);
    let mut all: Vec<_> = (0..10_000).map(alert).collect();
    let (rows, new) = on_cpu(|| c.put_alerts(SENSOR, &all).unwrap());
    assert_eq!(rows.len(), 10_000);
    let (rows, same) = on_cpu(|| c.put_alerts(SENSOR, &all).unwrap());
    assert_eq!(rows, []);
    for alert in &mut all {
        alert.count += 1;
        alert.record.push(' ');
    }
    let (rows, changed) = on_cpu(|| c.put_alerts(SENSOR, &all).unwrap());
    assert_eq!(rows.len(), 10_000);
    let (page, read) = on_cpu(|| c.alerts(&every_alert()).unwrap());
    assert_eq!((page.rows.len(), page.total), (1_000, 10_000));
    let text = Some("scan nothing".to_owned());
    let (page, search) = on_cpu(|| c.alerts(&AlertQuery { text, ..every_alert() }).unwrap());
    assert_eq!(page.total, 0);
    println!(
        "10,000 alerts of 1.1 kB: new {new:?}, unchanged {same:?}, changed {changed:?}; \
         a page of 1,000 {read:?}, a search {search:?}"
    );
    // Twice a second is how often it may be asked for.
    assert!(new.max(changed) < Duration::from_millis(2_500) && same < Duration::from_secs(1));
}
