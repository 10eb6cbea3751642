//! TLS: the user's certificate, read again when its file changes, or one made at the first start.

use crate::{Options, WebError, auth, clock};
use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Days that a certificate of ours holds. Some clients refuse more than 825.
const DAYS: i64 = 820;
/// Days after which a start makes a new one.
const DAYS_RENEW: u64 = 730;
/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Most names in a certificate of ours.
const NAMES_MAX: usize = 64;

/// Certificate and key, as files.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// What was read from them.
pub(crate) struct Loaded {
    /// For new connections.
    pub(crate) config: Arc<ServerConfig>,
    /// SHA-256 of the certificate, hex.
    pub(crate) fingerprint: String,
}

/// The user's files, or ours; made when they are missing or too old.
pub(crate) fn files(options: &Options, dir: &Path, names: &[String]) -> Result<Files, WebError> {
    if let Some((certificate, key)) = options.certificate.clone() {
        return Ok(Files { certificate, key });
    }
    let dir = dir.join("tls");
    let files = Files { certificate: dir.join("certificate.pem"), key: dir.join("key.pem") };
    if is_fresh(&files) {
        return Ok(files);
    }
    make(&dir, &files, names)?;
    Ok(files)
}

fn is_fresh(files: &Files) -> bool {
    let made = fs::metadata(&files.certificate).and_then(|found| found.modified());
    let age = made.ok().and_then(|made| clock::system().duration_since(made).ok());
    age.is_some_and(|age| age.as_secs() < DAYS_RENEW * 86_400) && files.key.is_file()
}

/// A certificate of our own, for these names and addresses.
fn make(dir: &Path, files: &Files, names: &[String]) -> Result<(), WebError> {
    let fault = |error: rcgen::Error| WebError::Tls(format!("cannot make a certificate: {error}"));
    let names: Vec<String> = names.iter().take(NAMES_MAX).cloned().collect();
    let mut params = rcgen::CertificateParams::new(names).map_err(fault)?;
    let mut name = rcgen::DistinguishedName::new();
    name.push(rcgen::DnType::CommonName, "Anomalyzer");
    params.distinguished_name = name;
    let today = clock::now();
    params.not_before = day(today - 86_400);
    params.not_after = day(today + DAYS * 86_400);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let key = rcgen::KeyPair::generate().map_err(fault)?;
    let certificate = params.self_signed(&key).map_err(fault)?;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|source| io_error(dir, source))?;
    write(&files.key, &key.serialize_pem())?;
    write(&files.certificate, &certificate.pem())
}

fn day(at: i64) -> cookie::time::OffsetDateTime {
    let civil = anomalyzer_wire::Timestamp::from_secs_nanos(at, 0).civil();
    let part = |number: i64| u8::try_from(number).unwrap_or(1);
    rcgen::date_time_ymd(
        i32::try_from(civil.year).unwrap_or(1970),
        part(civil.month),
        part(civil.day),
    )
}

/// Writes a file that only we may read, whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), WebError> {
    let fault = |source| io_error(path, source);
    let beside = path.with_extension("new");
    let _ = fs::remove_file(&beside);
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).map_err(fault)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fault)?;
    fs::rename(&beside, path).map_err(fault)
}

impl Files {
    /// Reads both. A key that everybody may read is refused.
    pub(crate) fn load(&self) -> Result<Loaded, WebError> {
        self.check_mode()?;
        let fault = |path: &Path, error: &dyn std::fmt::Display| {
            WebError::Tls(format!("{}: {error}", path.display()))
        };
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| fault(&self.certificate, &error))?;
        let Some(first) = chain.first() else {
            return Err(fault(&self.certificate, &"holds no certificate"));
        };
        let fingerprint = fingerprint(first);
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|e| fault(&self.key, &e))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| WebError::Tls(error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| fault(&self.certificate, &error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Loaded { config: Arc::new(config), fingerprint })
    }

    fn check_mode(&self) -> Result<(), WebError> {
        let found = fs::metadata(&self.key).map_err(|source| io_error(&self.key, source))?;
        let mode = found.permissions().mode();
        let key = self.key.display();
        if mode & 0o007 != 0 {
            return Err(WebError::Tls(format!(
                "{key} can be read by every user of this machine; run: chmod 600 {key}"
            )));
        }
        if mode & 0o077 != 0 {
            tracing::warn!(%key, "the key can be read by a group; chmod 600 if that is not meant");
        }
        Ok(())
    }

    fn changed(&self) -> Option<(SystemTime, SystemTime)> {
        let time = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
        Some((time(&self.certificate)?, time(&self.key)?))
    }

    /// Reads the files again whenever they change, until the program ends. While they do not fit
    /// each other the certificate before stays in use.
    pub(crate) async fn watch(self, config: RustlsConfig) {
        let mut seen = self.changed();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = self.changed();
            if now.is_none() || now == seen {
                continue;
            }
            match self.load() {
                Ok(loaded) => {
                    seen = now;
                    config.reload_from_config(loaded.config);
                    let fingerprint = loaded.fingerprint;
                    tracing::info!(%fingerprint, "the certificate was read again");
                }
                Err(error) => {
                    tracing::warn!(%error, "the new certificate does not serve; the old one stays");
                }
            }
        }
    }
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    auth::secret::hex(ring::digest::digest(&ring::digest::SHA256, certificate).as_ref())
}

fn io_error(path: &Path, source: std::io::Error) -> WebError {
    WebError::Io { what: path.display().to_string(), source }
}
