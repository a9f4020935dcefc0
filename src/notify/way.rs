//! How mails go out: to a mail server, or into a folder.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::ExposeSecret as _;
use url::Url;

use crate::config::Mail;

/// How long a mail server may take.
const PATIENCE: Duration = Duration::from_secs(45);

/// How a certificate begins in a file.
const BEGINS: &str = "-----BEGIN CERTIFICATE-----";

/// How mails go out.
pub enum Way {
    /// To a mail server.
    Server(AsyncSmtpTransport<Tokio1Executor>),
    /// Into a folder, for whoever tries the platform on his own machine.
    Folder(PathBuf),
}

/// It did not go out.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Failed {
    /// Why, without anything that the mail says.
    pub why: String,
    /// It will not go out later either.
    pub for_good: bool,
}

impl Way {
    /// To the mail server that the configuration names, or into a folder where it names none.
    ///
    /// # Errors
    ///
    /// When the address is none, for which the configuration has been checked, or the file of those who
    /// vouch for the server cannot be read.
    pub fn open(mail: &Mail) -> anyhow::Result<Self> {
        if mail.become_files() {
            return Ok(Self::Folder(mail.folder.clone()));
        }
        let address = mail.smtp_url.expose_secret();
        let none = || anyhow::anyhow!("mail.smtp_url: it is no address of a mail server");
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(address);
        let mut transport = transport.map_err(|_| none())?;
        if !mail.ca_file.as_os_str().is_empty() {
            let url = Url::parse(address).map_err(|_| none())?;
            let host = url.host_str().ok_or_else(none)?;
            let tls = vouched(host, &mail.ca_file).context("mail.ca_file")?;
            transport = transport.tls(if url.scheme() == "smtps" {
                Tls::Wrapper(tls)
            } else {
                Tls::Required(tls)
            });
        }
        Ok(Self::Server(transport.timeout(Some(PATIENCE)).build()))
    }

    /// Sends a letter. Says the file where it became one.
    ///
    /// # Errors
    ///
    /// `Failed`.
    pub async fn send(&self, name: &str, letter: Message) -> Result<Option<PathBuf>, Failed> {
        match self {
            Self::Server(transport) => {
                let sent = tokio::time::timeout(2 * PATIENCE, transport.send(letter)).await;
                let sent = sent.map_err(|_| Failed {
                    why: "the mail server did not answer in time".to_owned(),
                    for_good: false,
                })?;
                sent.map(|_| None).map_err(|error| Failed::by(&error))
            }
            Self::Folder(folder) => {
                let file = folder.join(format!("{name}.eml"));
                write(&file, &letter.formatted()).map_err(|error| Failed {
                    why: format!("{} could not be written: {error}", file.display()),
                    for_good: false,
                })?;
                Ok(Some(file))
            }
        }
    }
}

/// TLS with a server for which those in a file alone vouch.
fn vouched(host: &str, file: &Path) -> anyhow::Result<TlsParameters> {
    let pem = std::fs::read(file);
    let pem = pem.with_context(|| format!("{} could not be read", file.display()))?;
    let none = || format!("{} holds no certificates as PEM", file.display());
    ensure!(
        pem.windows(BEGINS.len()).any(|it| it == BEGINS.as_bytes()),
        none()
    );
    let certificate = Certificate::from_pem(&pem).with_context(none)?;
    TlsParameters::builder(host.to_owned())
        .certificate_store(CertificateStore::None)
        .add_root_certificate(certificate)
        .build()
        .with_context(none)
}

impl Failed {
    /// What a mail server says often repeats the address, so only its code is kept.
    fn by(error: &SmtpError) -> Self {
        let why = match error.status() {
            Some(code) => format!("the mail server said {code}"),
            None => match std::error::Error::source(error) {
                Some(cause) => format!("the mail server could not be reached: {cause}"),
                None => "the mail server could not be reached".to_owned(),
            },
        };
        Self {
            why,
            for_good: error.is_permanent() && !is_ours(error),
        }
    }
}

/// Whether what the server refuses is us, by a password or a setting that is soon mended, and not
/// the mail.
fn is_ours(error: &SmtpError) -> bool {
    let code = error.status().map(|code| code.to_string());
    matches!(code.as_deref(), Some("530" | "534" | "535" | "538"))
}

/// Writes a file that its owner alone reads, whole or not at all. One that is there already is left
/// as it is: it is the same mail.
fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent)?;
    }
    if file.exists() {
        return Ok(());
    }
    let half = file.with_extension("part");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut made = options.open(&half)?;
    made.write_all(bytes)?;
    made.sync_all()?;
    std::fs::rename(&half, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_becomes_one_file_that_its_owner_alone_reads() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mail/0a.eml");
        write(&file, b"once").unwrap();
        write(&file, b"twice").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"once");
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(
            std::fs::read_dir(folder.path().join("mail"))
                .unwrap()
                .count(),
            1
        );
    }
}
