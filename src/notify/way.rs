//! How mails go out: to a mail server, or into a folder.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};

/// How long a mail server may take.
const PATIENCE: Duration = Duration::from_secs(45);

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
    /// To the mail server at an address, or into a folder where none is named.
    ///
    /// # Errors
    ///
    /// When the address is none; the configuration has been checked for that.
    pub fn open(smtp_url: &SecretString, folder: &Path) -> anyhow::Result<Self> {
        if smtp_url.expose_secret().is_empty() {
            return Ok(Self::Folder(folder.to_owned()));
        }
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(smtp_url.expose_secret());
        let transport = transport
            .map_err(|_| anyhow::anyhow!("it is no address of a mail server"))
            .context("mail.smtp_url")?;
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
