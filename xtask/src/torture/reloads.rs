//! bad settings files and SIGHUP.

use super::Claim;
use crate::service::{Place, Service, fresh_dir, wait_until};
use nix::sys::signal::Signal;
use std::path::Path;
use std::time::Duration;

const PORT: u16 = 47_412;
const FILES: usize = 200;
const GOOD: &str = "[detect.port-scan]\nports = 17\n\n[detect.flood]\nenabled = true\n\n[detect.beacon]\nenabled = false\n";

pub(super) fn run(binary: &Path) -> Result<Vec<Claim>, String> {
    let dir = fresh_dir("reload")?;
    let config = dir.with_extension("toml");
    let write = |text: &[u8]| std::fs::write(&config, text).map_err(|e| e.to_string());
    write(GOOD.as_bytes())?;
    let path = config.to_string_lossy().into_owned();
    let mut service =
        Service::start(Place::Here(PORT), binary, &dir, &["demo", "--config", &path])?;
    let good = settings(&service)?;
    let (mut changed, mut untold) = (0, 0);
    for number in 0..FILES {
        write(&bad(number))?;
        let before = reloaded_at(&service);
        service.signal(Signal::SIGHUP);
        let told = wait_until(Duration::from_secs(5), || {
            reloaded_at(&service) != before && last_reload(&service) == "failed"
        });
        untold += usize::from(told.is_none());
        changed += usize::from(settings(&service)? != good);
    }
    write(GOOD.replace("17", "18").as_bytes())?;
    service.signal(Signal::SIGHUP);
    let applied =
        wait_until(Duration::from_secs(5), || settings(&service).is_ok_and(|s| s != good));
    let alive = service.runs();
    let _ = service.stop();
    let _ = std::fs::remove_dir_all(&dir);
    let _ = std::fs::remove_file(&config);
    Ok(vec![
        Claim::new(
            format!("{FILES} bad settings files and SIGHUP: the settings in use never change"),
            format!("{changed} changed"),
            changed == 0 && alive,
        ),
        Claim::new(
            format!("{FILES} bad settings files and SIGHUP: each is told as failed"),
            format!("{untold} untold"),
            untold == 0,
        ),
        Claim::new(
            "a good settings file holds afterwards, in the same process",
            applied.map_or("it does not".into(), |t| format!("after {:.1} s", t.as_secs_f64())),
            applied.is_some() && alive,
        ),
    ])
}

/// The good file with one thing wrong; another one each time.
fn bad(number: usize) -> Vec<u8> {
    let wrong = [
        "ports = -1",
        "ports = \"many\"",
        "ports =",
        "portz = 3",
        "ports = 1e400",
        "[detect.port-scan",
        "ports = [1, 2]",
        "enabled = 7",
        "\u{0}",
        "ports = 99999999999",
    ];
    let line = wrong.get(number % wrong.len()).copied().unwrap_or_default();
    let mut text = GOOD.replacen("ports = 17", line, 1).into_bytes();
    // The place of the fault moves through the file.
    let padding = "# a comment\n".repeat(number / wrong.len());
    text.splice(0..0, padding.into_bytes());
    text
}

fn settings(service: &Service<'_>) -> Result<String, String> {
    let view = service.get("/api/v1/settings")?;
    let mut found = String::new();
    for detector in view["detectors"].as_array().into_iter().flatten() {
        found.push_str(&detector["settings"].to_string());
    }
    Ok(found)
}

fn last_reload(service: &Service<'_>) -> String {
    let status = service.get("/api/v1/config/status").unwrap_or_default();
    status["last_reload"].as_str().unwrap_or_default().to_owned()
}

/// Time and words of the last reload: another one for each file.
fn reloaded_at(service: &Service<'_>) -> String {
    service.get("/api/v1/config/status").unwrap_or_default().to_string()
}
