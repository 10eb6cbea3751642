//! Lays the console's built files out to be embedded, each with its gzip variant. When the console
//! was not built, a small page says so: the program builds without Node.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The page without a console. No script, no style of its own: the policy of pages holds for it too.
const PLACEHOLDER: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width\">\n<title>Anomalyzer</title>\n\
    <h1>Anomalyzer</h1>\n<p>The program is running, but the console was not built into it.</p>\n\
    <p>Build it with <code>npm ci &amp;&amp; npm run build</code> in <code>console/</code>, then \
    build the program again. The API works: see <a href=\"/api/openapi.json\">its \
    description</a>.</p>\n</html>\n";

/// Deepest folder that is looked at.
const DEPTH_MAX: usize = 4;
/// What pays to be compressed.
const TEXTS: &[&str] = &["html", "js", "mjs", "css", "json", "svg", "txt", "webmanifest", "map"];

fn main() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("console");
    let built = manifest.join("../../console/dist");
    // The folder must be there to be watched; where it cannot be made, every build looks again.
    let _ = fs::create_dir_all(&built);
    println!("cargo::rerun-if-changed={}", built.display());
    println!("cargo::rerun-if-changed=build.rs");
    let _ = fs::remove_dir_all(&out);
    if let Err(error) = lay_out(&built, &out) {
        println!("cargo::warning=the console is left out: {error}");
        let _ = fs::remove_dir_all(&out);
        let _ = placeholder(&out);
    }
}

fn lay_out(built: &Path, out: &Path) -> io::Result<()> {
    if !built.join("index.html").is_file() {
        return placeholder(out);
    }
    copy(built, out, 0)
}

fn placeholder(out: &Path) -> io::Result<()> {
    fs::create_dir_all(out)?;
    put(&out.join("index.html"), PLACEHOLDER.as_bytes())
}

fn copy(from: &Path, to: &Path, depth: usize) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            if depth < DEPTH_MAX {
                copy(&path, &target, depth + 1)?;
            }
        } else {
            put(&target, &fs::read(&path)?)?;
        }
    }
    Ok(())
}

/// Writes a file, and its compressed variant when that is worth it.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)?;
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    if !TEXTS.contains(&extension) {
        return Ok(());
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    let zipped = encoder.finish()?;
    if zipped.len() < bytes.len() {
        let mut name = path.as_os_str().to_owned();
        name.push(".gz");
        fs::write(name, zipped)?;
    }
    Ok(())
}
