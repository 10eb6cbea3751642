//! Back-tests: what a change of settings does to the alerts of a capture.

use crate::tools::{Folder, json, run, stderr, stdout};

#[test]
fn a_stricter_limit_makes_the_scan_go() {
    let folder = Folder::new();
    let office = folder.office();
    let office = office.to_str().unwrap();
    let told = run(["backtest", "--json", "--set", "port-scan.enabled=false", office]);
    assert!(told.status.success(), "{}", stderr(&told));
    let lines = json(&told);
    let totals = lines.last().unwrap();
    assert_eq!(totals["settings"][0]["key"], "detect.port-scan.enabled");
    // What the scan's alert took in stands alone without it: that is not new.
    let count = |name: &str| totals[name].as_u64().unwrap();
    assert_eq!(count("come") + count("parted") + count("same"), count("alerts_then"));
    assert!(count("parted") > 0, "{totals}");
    let gone: Vec<_> = lines.iter().filter(|l| l["change"] == "gone").collect();
    assert_eq!(gone.len() as u64, totals["gone"].as_u64().unwrap());
    assert!(gone.iter().any(|l| l["alert"]["detector"] == "port-scan"), "{lines:?}");
    let page = stdout(&run(["backtest", "--set", "port-scan.enabled=false", office]));
    assert!(page.contains("detect.port-scan.enabled: true -> false"), "{page}");
    assert!(page.contains("Gone with the change"), "{page}");
}

#[test]
fn without_a_change_without_a_file_and_from_a_pipe_it_says_why_not() {
    let folder = Folder::new();
    let office = folder.office();
    let office = office.to_str().unwrap();
    for (args, message) in [
        (vec!["backtest", office], "nothing to try"),
        (vec!["backtest", "--set", "port-scan.ports=15", office], "nothing to try"),
        (vec!["backtest", "--set", "port-scan.prts=30", office], "did you mean `ports`?"),
        (vec!["backtest", "--set", "port-scan.ports=30", "-"], "reads its input twice"),
    ] {
        let told = run(args);
        assert_eq!(told.status.code(), Some(2), "{}", stderr(&told));
        assert!(stderr(&told).contains(message), "{}", stderr(&told));
    }
}
